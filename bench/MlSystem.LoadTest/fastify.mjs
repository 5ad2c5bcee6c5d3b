// The same models behind Fastify and onnxruntime-node. usage: node fastify.mjs PORT MODELS_FOLDER (run where both packages are installed)
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const fastify = require('fastify');
const ort = require('onnxruntime-node');

const [port, folder] = process.argv.slice(2);
const sessions = new Map();
for (const file of readdirSync(folder).filter(name => name.endsWith('.onnx'))) {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all' };
  sessions.set(file.slice(0, -5), await ort.InferenceSession.create(join(folder, file), options));
}

const tensor = {
  FP32: (data, shape) => new ort.Tensor('float32', Float32Array.from(data), shape),
  INT64: (data, shape) => new ort.Tensor('int64', BigInt64Array.from(data, value => BigInt(value)), shape),
};
const datatype = { float32: 'FP32', int64: 'INT64' };
const app = fastify();
app.post('/v2/models/:model/infer', async request => {
  const feeds = {};
  for (const input of request.body.inputs) {
    feeds[input.name] = tensor[input.datatype](input.data, input.shape);
  }
  const results = await sessions.get(request.params.model).run(feeds);
  return {
    model_name: request.params.model,
    model_version: '1',
    outputs: Object.entries(results).map(([name, value]) => ({
      name, datatype: datatype[value.type], shape: value.dims,
      data: value.type === 'int64' ? Array.from(value.data, Number) : Array.from(value.data),
    })),
  };
});
app.get('/health', () => 'ok');
await app.listen({ port: Number(port), host: '127.0.0.1' });
