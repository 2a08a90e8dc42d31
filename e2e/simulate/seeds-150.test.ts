import { seedsHold } from './seeds-hold.ts'

seedsHold({ from: 150, count: 50 })
