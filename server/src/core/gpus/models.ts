/**
 * The GPU models that the five marketplaces rent or list, as of August 2026.
 *
 * Memory is the marketing size per GPU in GB; bandwidth is GB/s; fp32 is vector TFLOPS; fp16 is dense tensor TFLOPS with
 * fp16 inputs (for GeForce the headline figure, which accumulates in fp16). null: nobody confirms a figure, or the card
 * has no matrix cores.
 *
 * Sources: the vendors' data sheets for every figure, checked against the TechPowerUp-derived table of
 * reox007/RightNow-GPU-Database @ 77fae385 (Apache-2.0), stas00/ml-engineering @ 744d01e1 for data-centre cards, and the
 * `compute_cap` of recorded Vast offers. Compute capability of B300: 10.3 as in that table; dstackai/gpuhunt says 10.0.
 * Category: the vendor's product line, except that contract 003 calls the A40 professional.
 *
 * A family lists its best-known variant first: a bare family name stands for it where only one model can be meant.
 */

import type { GpuCategory, GpuModel } from './gpu.ts'
import { gpuSpellings } from './spellings.ts'

/** name, family, memory GB, bandwidth GB/s, fp32 TFLOPS, dense fp16 TFLOPS */
type Row = readonly [string, string, number, number | null, number | null, number | null]

export const gpuModels: readonly GpuModel[] = [
  ...line('nvidia', 'datacenter', 'Blackwell', 10.3, [['B300 SXM 288GB', 'B300', 288, 8000, null, 2250]]),
  ...line('nvidia', 'datacenter', 'Blackwell', 10, [['B200 SXM 180GB', 'B200', 180, 8000, null, 2250]]),
  ...line('nvidia', 'datacenter', 'Hopper', 9, [
    ['GH200 96GB', 'GH200', 96, 4000, 67, 989],
    ['H200 SXM 141GB', 'H200', 141, 4800, 67, 989],
    ['H200 NVL 141GB', 'H200', 141, 4800, 60, 835.5],
    ['H100 SXM 80GB', 'H100', 80, 3350, 67, 989],
    ['H100 NVL 94GB', 'H100', 94, 3900, 60, 835.5],
    ['H100 PCIe 80GB', 'H100', 80, 2000, 51, 756],
  ]),
  ...line('nvidia', 'datacenter', 'Ampere', 8, [
    ['A100 SXM 80GB', 'A100', 80, 2039, 19.5, 312],
    ['A100 SXM 40GB', 'A100', 40, 1555, 19.5, 312],
    ['A100 PCIe 80GB', 'A100', 80, 1935, 19.5, 312],
    ['A100 PCIe 40GB', 'A100', 40, 1555, 19.5, 312],
    ['A100X 80GB', 'A100X', 80, 2039, 19.9, null],
    ['A800 PCIe 80GB', 'A800', 80, 1935, 19.5, 312],
  ]),
  ...line('nvidia', 'professional', 'Ampere', 8.6, [['A40', 'A40', 48, 696, 37.4, 149.7]]),
  ...line('nvidia', 'datacenter', 'Ampere', 8, [['A30', 'A30', 24, 933, 10.3, 165]]),
  ...line('nvidia', 'datacenter', 'Ampere', 8.6, [['A10', 'A10', 24, 600, 31.2, 125]]),
  ...line('nvidia', 'datacenter', 'Ada Lovelace', 8.9, [
    ['L40S', 'L40S', 48, 864, 91.6, 362],
    ['L40', 'L40', 48, 864, 90.5, 181],
    ['L4', 'L4', 24, 300, 30.3, 121],
  ]),
  ...line('nvidia', 'datacenter', 'Turing', 7.5, [['T4', 'T4', 16, 320, 8.1, 65]]),
  ...line('nvidia', 'datacenter', 'Volta', 7, [
    ['V100 SXM2 32GB', 'V100', 32, 900, 15.7, 125],
    ['V100 SXM2 16GB', 'V100', 16, 900, 15.7, 125],
    ['V100 PCIe 32GB', 'V100', 32, 900, 14, 112],
    ['V100 PCIe 16GB', 'V100', 16, 900, 14, 112],
    ['V100 FHHL 16GB', 'V100', 16, null, null, null],
  ]),
  ...line('nvidia', 'datacenter', 'Pascal', 6, [['P100 PCIe 16GB', 'P100', 16, 732, 9.3, null]]),
  ...line('nvidia', 'datacenter', 'Pascal', 6.1, [
    ['P40', 'P40', 24, 346, 11.8, null],
    ['P4', 'P4', 8, 192, 5.5, null],
  ]),
  ...line('nvidia', 'datacenter', 'Maxwell', 5.2, [['M40 24GB', 'M40', 24, 288, 6.8, null]]),
  ...line('nvidia', 'datacenter', 'Kepler', 3.7, [['K80', 'K80', 12, 240, 4.1, null]]),
  ...line('nvidia', 'professional', 'Blackwell', 12, [
    ['RTX PRO 6000 Blackwell Server', 'RTX PRO 6000', 96, 1597, 120, null],
    ['RTX PRO 6000 Blackwell Workstation', 'RTX PRO 6000', 96, 1792, 125, 503.8],
    ['RTX PRO 6000 Blackwell Max-Q', 'RTX PRO 6000', 96, 1792, 110, 438.9],
    ['RTX PRO 5000 Blackwell', 'RTX PRO 5000', 48, 1344, null, null],
    ['RTX PRO 4500 Blackwell', 'RTX PRO 4500', 32, 896, null, null],
    ['RTX PRO 4000 Blackwell', 'RTX PRO 4000', 24, 672, null, null],
  ]),
  ...line('nvidia', 'professional', 'Ada Lovelace', 8.9, [
    ['RTX 6000 Ada', 'RTX 6000 Ada', 48, 960, 91.1, 364.2],
    ['RTX 5880 Ada', 'RTX 5880 Ada', 48, null, 69.3, 277],
    ['RTX 5000 Ada', 'RTX 5000 Ada', 32, 576, 65.3, 261.1],
    ['RTX 4500 Ada', 'RTX 4500 Ada', 24, 432, 39.6, 158.5],
    ['RTX 4000 Ada', 'RTX 4000 Ada', 20, 360, 26.7, 107],
    ['RTX 4000 SFF Ada', 'RTX 4000 SFF Ada', 20, 280, 19.2, 76.7],
    ['RTX 2000 Ada', 'RTX 2000 Ada', 16, 224, 12, 48],
  ]),
  ...line('nvidia', 'professional', 'Ampere', 8.6, [
    ['RTX A6000', 'RTX A6000', 48, 768, 38.7, 154.8],
    ['RTX A5000', 'RTX A5000', 24, 768, 27.8, 111.1],
    ['RTX A4500', 'RTX A4500', 20, 640, 23.7, 94.6],
    ['RTX A4000', 'RTX A4000', 16, 448, 19.2, 76.7],
    ['RTX A2000 12GB', 'RTX A2000', 12, 288, 8, 31.9],
    ['RTX A2000 6GB', 'RTX A2000', 6, 288, 8, 31.9],
  ]),
  ...line('nvidia', 'professional', 'Turing', 7.5, [
    ['Quadro RTX 8000', 'Quadro RTX 8000', 48, 672, 16.3, 130.5],
    ['Quadro RTX 6000', 'Quadro RTX 6000', 24, 672, 16.3, 130.5],
    ['Quadro RTX 5000', 'Quadro RTX 5000', 16, 448, 11.2, 89.2],
    ['Quadro RTX 4000', 'Quadro RTX 4000', 8, 416, 7.1, 57],
  ]),
  ...line('nvidia', 'professional', 'Volta', 7, [['Quadro GV100', 'Quadro GV100', 32, 870, 14.8, 118.5]]),
  ...line('nvidia', 'professional', 'Pascal', 6, [['Quadro GP100', 'Quadro GP100', 16, 717, 10.3, null]]),
  ...line('nvidia', 'professional', 'Pascal', 6.1, [
    ['Quadro P6000', 'Quadro P6000', 24, 432, 12.6, null],
    ['Quadro P5000', 'Quadro P5000', 16, 288, 8.9, null],
    ['Quadro P4000', 'Quadro P4000', 8, 243, 5.3, null],
    ['Quadro P2000', 'Quadro P2000', 5, 140, 3, null],
  ]),
  ...line('nvidia', 'professional', 'Maxwell', 5.2, [['Quadro M4000', 'Quadro M4000', 8, 192, 2.6, null]]),
  ...line('nvidia', 'professional', 'Maxwell', 5, [['Quadro K2200', 'Quadro K2200', 4, 80, 1.4, null]]),
  ...line('nvidia', 'consumer', 'Blackwell', 12, [
    ['RTX 5090', 'RTX 5090', 32, 1792, 104.8, 419],
    ['RTX 5080', 'RTX 5080', 16, 960, 56.3, 225.1],
    ['RTX 5070 Ti', 'RTX 5070 Ti', 16, 896, 43.9, 175.8],
    ['RTX 5070', 'RTX 5070', 12, 672, 30.9, 123.5],
    ['RTX 5060 Ti 16GB', 'RTX 5060 Ti', 16, 448, 23.7, 94.8],
    ['RTX 5060 Ti 8GB', 'RTX 5060 Ti', 8, 448, 23.7, 94.8],
    ['RTX 5060', 'RTX 5060', 8, 448, 19.2, 76.7],
  ]),
  ...line('nvidia', 'consumer', 'Ada Lovelace', 8.9, [
    ['RTX 4090', 'RTX 4090', 24, 1008, 82.6, 330.3],
    ['RTX 4090 D', 'RTX 4090 D', 24, 1008, 73.5, 294.2],
    ['RTX 4080 SUPER', 'RTX 4080 SUPER', 16, 736, 52.2, 208.9],
    ['RTX 4080', 'RTX 4080', 16, 717, 48.7, 194.9],
    ['RTX 4070 Ti SUPER', 'RTX 4070 Ti SUPER', 16, 672, 44.1, 176.4],
    ['RTX 4070 Ti', 'RTX 4070 Ti', 12, 504, 40.1, 160.4],
    ['RTX 4070 SUPER', 'RTX 4070 SUPER', 12, 504, 35.5, 141.9],
    ['RTX 4070', 'RTX 4070', 12, 504, 29.1, 116.6],
    ['RTX 4060 Ti 16GB', 'RTX 4060 Ti', 16, 288, 22.1, 88.2],
    ['RTX 4060 Ti 8GB', 'RTX 4060 Ti', 8, 288, 22.1, 88.2],
    ['RTX 4060', 'RTX 4060', 8, 272, 15.1, 60.5],
  ]),
  ...line('nvidia', 'consumer', 'Ampere', 8.6, [
    ['RTX 3090 Ti', 'RTX 3090 Ti', 24, 1008, 40, 160],
    ['RTX 3090', 'RTX 3090', 24, 936, 35.6, 142.3],
    ['RTX 3080 Ti', 'RTX 3080 Ti', 12, 912, 34.1, 136.4],
    ['RTX 3080 10GB', 'RTX 3080', 10, 760, 29.8, 119.1],
    ['RTX 3080 12GB', 'RTX 3080', 12, 912, 30.6, 122.6],
    ['RTX 3070 Ti', 'RTX 3070 Ti', 8, 608, 21.7, 87],
    ['RTX 3070', 'RTX 3070', 8, 448, 20.3, 81.3],
    ['RTX 3060 Ti', 'RTX 3060 Ti', 8, 448, 16.2, 64.8],
    ['RTX 3060 12GB', 'RTX 3060', 12, 360, 12.7, 51],
    ['RTX 3050 8GB', 'RTX 3050', 8, 224, 9.1, 36.4],
  ]),
  ...line('nvidia', 'consumer', 'Turing', 7.5, [
    ['RTX 2080 Ti', 'RTX 2080 Ti', 11, 616, 13.4, 107.6],
    ['RTX 2080 SUPER', 'RTX 2080 SUPER', 8, 496, 11.2, 89.2],
    ['RTX 2080', 'RTX 2080', 8, 448, 10.1, 80.5],
    ['RTX 2070 SUPER', 'RTX 2070 SUPER', 8, 448, 9.1, 72.5],
    ['RTX 2070', 'RTX 2070', 8, 448, 7.5, 59.7],
    ['RTX 2060 SUPER', 'RTX 2060 SUPER', 8, 448, 7.2, 57.4],
    ['RTX 2060 12GB', 'RTX 2060', 12, 336, 7.2, 57.4],
    ['RTX 2060 6GB', 'RTX 2060', 6, 336, 6.5, 51.6],
    ['TITAN RTX', 'TITAN RTX', 24, 672, 16.3, 130.5],
  ]),
  ...line('nvidia', 'consumer', 'Volta', 7, [['TITAN V', 'TITAN V', 12, 652, 14.9, null]]),
  ...line('nvidia', 'consumer', 'Pascal', 6.1, [
    ['TITAN Xp', 'TITAN Xp', 12, 548, 12.1, null],
    ['TITAN X (Pascal)', 'TITAN X (Pascal)', 12, 480, 11, null],
  ]),
  ...line('nvidia', 'consumer', 'Maxwell', 5.2, [['GTX TITAN X', 'GTX TITAN X', 12, 336, 6.7, null]]),
  ...line('nvidia', 'consumer', 'Pascal', 6.1, [
    ['GTX 1080 Ti', 'GTX 1080 Ti', 11, 484, 11.3, null],
    ['GTX 1080', 'GTX 1080', 8, 320, 8.9, null],
    ['GTX 1070 Ti', 'GTX 1070 Ti', 8, 256, 8.2, null],
    ['GTX 1070', 'GTX 1070', 8, 256, 6.5, null],
    ['GTX 1060 6GB', 'GTX 1060', 6, 192, 4.4, null],
    ['GTX 1050 Ti', 'GTX 1050 Ti', 4, 112, 2.1, null],
    ['GTX 1050', 'GTX 1050', 2, 112, 1.9, null],
  ]),
  ...line('nvidia', 'consumer', 'Turing', 7.5, [
    ['GTX 1660 Ti', 'GTX 1660 Ti', 6, 288, 5.4, null],
    ['GTX 1660 SUPER', 'GTX 1660 SUPER', 6, 336, 5, null],
    ['GTX 1660', 'GTX 1660', 6, 192, 5, null],
    ['GTX 1650', 'GTX 1650', 4, 128, 3, null],
    ['GTX 1650 SUPER', 'GTX 1650 SUPER', 4, 192, 4.4, null],
  ]),
  ...line('amd', 'datacenter', 'CDNA3', null, [['MI300X', 'MI300X', 192, 5300, 163.4, 1307.4]]),
  ...line('amd', 'datacenter', 'CDNA2', null, [
    ['MI250X', 'MI250X', 128, 3277, 47.9, 383],
    ['MI250', 'MI250', 128, 3277, 45.3, 362.1],
    ['MI210', 'MI210', 64, 1638, 22.6, 181],
  ]),
  ...line('amd', 'datacenter', 'CDNA', null, [['MI100', 'MI100', 32, 1229, 23.1, 184.6]]),
  ...line('amd', 'datacenter', 'GCN5', null, [['MI50', 'MI50', 32, 1024, 13.3, null]]),
  ...line('amd', 'professional', 'RDNA3', null, [
    ['PRO W7900', 'PRO W7900', 48, 864, 61.3, 122.6],
    ['PRO W7800', 'PRO W7800', 32, 576, 45.2, 90.5],
  ]),
  ...line('amd', 'professional', 'RDNA2', null, [['PRO W6800', 'PRO W6800', 32, 512, 17.8, null]]),
  ...line('amd', 'consumer', 'GCN5', null, [['Radeon VII', 'Radeon VII', 16, 1024, 13.4, null]]),
  ...line('amd', 'consumer', 'RDNA3', null, [
    ['RX 7900 XTX', 'RX 7900 XTX', 24, 960, 61.4, 122.8],
    ['RX 7900 XT', 'RX 7900 XT', 20, 800, 51.6, 103.2],
    ['RX 7900 GRE', 'RX 7900 GRE', 16, 576, 46, 92],
  ]),
  ...line('amd', 'consumer', 'RDNA2', null, [
    ['RX 6950 XT', 'RX 6950 XT', 16, 576, 23.7, null],
    ['RX 6900 XT', 'RX 6900 XT', 16, 512, 23, null],
    ['RX 6800 XT', 'RX 6800 XT', 16, 512, 20.7, null],
    ['RX 6800', 'RX 6800', 16, 512, 16.2, null],
  ]),
]

function line(
  vendor: GpuModel['vendor'],
  category: GpuCategory,
  architecture: string,
  computeCapability: number | null,
  rows: readonly Row[],
): GpuModel[] {
  return rows.map(([name, family, memoryGb, memoryBandwidthGbps, fp32Tflops, fp16Tflops]) => ({
    name,
    family,
    vendor,
    category,
    architecture,
    computeCapability,
    memoryGb,
    memoryBandwidthGbps,
    fp32Tflops,
    fp16Tflops,
    spellings: gpuSpellings[name] ?? {},
  }))
}
