import { seedsHold } from './seeds-hold.ts'

seedsHold({ from: 50, count: 50 })
