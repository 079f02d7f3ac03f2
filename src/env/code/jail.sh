# Puts a program in a root of its own, with nothing but the system's libraries and its own prefix to read, and limits on what
# it takes. Runs inside new user, mount, network, process and IPC namespaces: jail.sh ROOT MEMORY SECONDS PREFIX PYTHON ARGUMENTS…
set -e
PATH=$PATH:/usr/sbin:/sbin
root=$1 memory=$2 seconds=$3 prefix=$4 python=$5
shift 5
echo 0 > /proc/sys/user/max_user_namespaces
mount -t tmpfs -o size=16m,mode=755,nosuid,nodev none "$root"
cd "$root"
for folder in /usr /bin /lib /lib32 /lib64 "$prefix"; do
  if [ -L "$folder" ]; then
    ln -s "$(readlink "$folder")" ".$folder"
  elif [ -d "$folder" ] && [ ! -e ".$folder" ]; then
    mkdir -p ".$folder"
    mount --rbind "$folder" ".$folder"
    mount -o remount,bind,ro,nosuid,nodev ".$folder"
  fi
done
mkdir -p dev etc tmp old
for device in null urandom; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
if [ -f /etc/ld.so.cache ]; then cp /etc/ld.so.cache etc/; fi
pivot_root . old
cd /
# umount reads the table of mounts, which is about to go.
ln -s old/proc proc
umount -l /old
rmdir old
rm proc
cd /tmp
exec env -i PATH=/usr/bin:/bin HOME=/tmp prlimit --as="$memory" --nproc=16 --fsize=8388608 --cpu="$seconds" --core=0 --nofile=64 -- \
  setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$python" "$@"
