using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Benchmarks.PredictionLog;

/// <summary>Answered requests of 20 floats and two outputs, whose tensors are used again and again as a pool would.</summary>
internal sealed class BenchCalls
{
    private readonly Contracts.Endpoint _endpoint = new() { Name = "bench", Revision = 1, Variants = [], Author = "bench", Reason = "bench", CreatedAt = DateTimeOffset.UnixEpoch };
    private readonly Tensor[] _inputs = [Filled("x", -1, 20)];
    private readonly Tensor[] _outputs = [Filled("prediction", -1), Filled("probabilities", -1, 2)];

    public AnsweredCall Next(DateTimeOffset time) => new()
    {
        Endpoint = _endpoint,
        Version = new VersionKey("bench", 1),
        Variant = "champion",
        Role = VariantRole.Live,
        RequestId = RequestIds.Next(time, 1),
        Time = time,
        Latency = TimeSpan.FromMicroseconds(400),
        Rows = 1,
        Inputs = _inputs,
        JoinKeys = [],
        Outputs = _outputs,
    };

    private static Tensor Filled(string name, params long[] shape)
    {
        var tensor = new Tensor(new TensorInfo(name, Datatype.Fp32, shape, nullable: false)) { IsPresent = true };
        var actual = Array.ConvertAll(shape, Math.Abs);
        tensor.Resize(actual, (int)actual.Aggregate(1L, (product, dimension) => product * dimension));
        var random = new Random(7);
        foreach (ref var value in tensor.Values<float>())
        {
            value = random.NextSingle();
        }

        return tensor;
    }
}
