import { seedsHold } from './seeds-hold.ts'

seedsHold({ from: 0, count: 50 })
