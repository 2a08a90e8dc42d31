import { defaultVllm, type VllmConfig } from '../templates/vllm.ts'

/** What is started on the machine, for people. The machine itself runs `vllmStartScript`. */
export function startCommandText(config: VllmConfig): string {
  const whole: VllmConfig = { ...defaultVllm, ...config }
  const { vllm_model_name: model, vllm_host_ip: host, vllm_port: port, vllm_max_model_len: length } = whole
  const { vllm_gpu_memory_utilization: share, vllm_dtype: dtype } = whole
  const { vllm_pipeline_parallel_size: pipeline, vllm_tensor_parallel_size: tensor } = whole
  return [
    `vllm serve ${model}`,
    `--host ${host} --port ${port}`,
    `--max-model-len ${length} --gpu-memory-utilization ${share} --dtype ${dtype}`,
    `--pipeline-parallel-size ${pipeline} --tensor-parallel-size ${tensor}`,
  ].join(' ')
}
