import { expect, test } from 'vitest'
import { defaultVllm, validateVllm, vllmEnvironment, vllmFields, vllmFrom } from './vllm.ts'

test('there are sixteen fields, and the defaults break none of the rules', () => {
  expect(Object.keys(vllmFields)).toHaveLength(16)
  expect(validateVllm(defaultVllm)).toEqual([])
})

test.each([
  ['vllm_max_model_len', 511, 512],
  ['vllm_max_model_len', 1_048_577, 1_048_576],
  ['vllm_max_model_len', 4096.5, 4096],
  ['vllm_max_model_len', '4096', 4096],
  ['vllm_port', 1023, 1024],
  ['vllm_controller_port', 65_536, 65_535],
  ['vllm_gpu_memory_utilization', 0.05, 0.1],
  ['vllm_gpu_memory_utilization', 1.01, 1],
  ['vllm_tensor_parallel_size', 0, 1],
  ['vllm_dtype', 'int8', 'bfloat16'],
  ['vllm_tool_call_parser', 'other', 'hermes'],
  ['vllm_trust_remote_code', 'true', true],
  ['vllm_model_name', 'a b; rm', 'Qwen/Qwen3-1.7B'],
  ['vllm_host_ip', 'somewhere', '0.0.0.0'],
])('%s refuses %s and takes %s', (field, wrong, right) => {
  expect(validateVllm({ [field]: wrong })).toEqual([{ field, problem: expect.stringMatching(/^takes /) }])
  expect(validateVllm({ [field]: right })).toEqual([])
})

test('the environment has the defaults, what is set, and nothing for what vLLM decides', () => {
  const environment = vllmEnvironment({ vllm_model_name: 'a/b', vllm_max_model_len: 8192, vllm_enforce_eager: true })
  expect(environment).toMatchObject({
    VLLM_MODEL_NAME: 'a/b',
    VLLM_MAX_MODEL_LEN: '8192',
    VLLM_ENFORCE_EAGER: 'true',
    VLLM_GPU_MEMORY_UTILIZATION: '0.9',
    VLLM_DTYPE: 'auto',
  })
  expect(environment).not.toHaveProperty('VLLM_MAX_NUM_SEQS')
  expect(environment).not.toHaveProperty('VLLM_TOOL_CALL_PARSER')
})

test('the later name of the model means the same, null states nothing, and other fields are left alone', () => {
  expect(vllmFrom({ vllm_serve_model_name: 'a/b', vllm_dtype: null, auto_destroy: true })).toEqual({
    vllm_model_name: 'a/b',
  })
  expect(validateVllm({ vllm_serve_model_name: 'a/b', vllm_model_name: 'c/d' })).toHaveLength(1)
})
