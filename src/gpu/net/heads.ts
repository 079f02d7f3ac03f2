// The table of heads.
import type { Head } from './head.ts'
import { language } from './heads/language.ts'
import { scalar } from './heads/scalar.ts'
import type { HeadKind } from '../weights/family.ts'

export const heads: Readonly<Record<HeadKind, Head>> = { language, scalar }
