// TFRecord, the frame of an event: length, its masked CRC-32C, data, its masked CRC-32C (tensorflow/core/lib/io/record_writer.h).

export function record(data: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  new DataView(head.buffer).setBigUint64(0, BigInt(data.length), true)
  return Buffer.concat([head, uint32(maskedCrc(head)), data, uint32(maskedCrc(data))])
}

function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** CRC-32 with the Castagnoli polynomial, reflected (RFC 3720 B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const uint32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
