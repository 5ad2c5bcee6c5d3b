using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Configuration;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Monitor.Tests.Ingestion;

/// <summary>Random answered calls of one version, with what Monitor must say of each of their rows.</summary>
internal sealed class LoggedCalls
{
    private static readonly long[][] Shapes = [[-1], [-1, 1], [-1, 3], [-1, -1], [2], [-1, 2, 2]];
    private readonly Random _random;
    private readonly EndpointRoute _route;
    private readonly Runtime _runtime;
    private readonly RoutedVariant _variant;
    private readonly string _role;

    public LoggedCalls(Random random, int seed)
    {
        _random = random;
        _role = seed % 2 == 0 ? VariantRole.Live : VariantRole.Shadow;
        _runtime = new Runtime(Infos("in"), Infos("out"), [new TensorInfo("key", Datatype.Bytes, [-1], nullable: false)]);
        var endpoint = new Contracts.Endpoint { Name = "é\"ndpoint", Revision = seed, Variants = [], Author = "a", Reason = "r", CreatedAt = DateTimeOffset.UnixEpoch };
        _route = new EndpointRoute
        {
            Endpoint = endpoint, Wanted = endpoint, Live = [], Problems = new Dictionary<string, string>(), Gate = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = 1 }),
        };
        _variant = new RoutedVariant(endpoint.Name, "v", new LoadedVersion(new VersionKey("m", 4), _runtime, null!, null, TimeSpan.Zero, null!), 1, null!) { Tag = 1, Choices = null! };
    }

    /// <summary>By prediction id: what the history must have.</summary>
    public Dictionary<string, string> Expected { get; } = new(StringComparer.Ordinal);

    public InferenceCall Next(DateTimeOffset time)
    {
        Assert.True(_variant.Version.TryAcquire());
        time = time.AddTicks(_random.Next(100_000_000));
        var id = Guid.CreateVersion7(time).ToString();
        var call = new InferenceCall
        {
            Route = _route, Variant = _variant, Tensors = _runtime.Rent(), RequestId = id, Time = time, Started = 0, Role = _role,
            PairedRequestId = _role == VariantRole.Shadow ? "of " + id : null,
            ClientId = _random.Next(3) == 0 ? "client \u2028\"" + _random.Next() : null,
            Rows = _random.Next(1, 4),
            OldestFeatureAgeSeconds = _random.Next(3) == 0 ? _random.NextDouble() * 1000 : null,
            Latency = TimeSpan.FromMicroseconds(_random.Next(1_000_000)),
        };
        var inputs = Fill(call.Tensors.Inputs, call.Rows, always: true);
        var keys = Fill(call.Tensors.JoinKeys, call.Rows, always: false);
        var outputs = Fill(call.Tensors.Outputs, call.Rows, always: true);
        var microseconds = time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
        for (var row = 0; row < call.Rows; row++)
        {
            Expected[$"{id}/{row}"] = Text(
                microseconds, call.ClientId, _route.Endpoint.Revision, _role, call.PairedRequestId, (long)call.Latency.TotalMicroseconds, call.OldestFeatureAgeSeconds, inputs[row], keys[row], outputs[row]);
        }

        return call;
    }

    public static string Text(
        DateTimeOffset time, string? client, long? revision, string role, string? paired, long latency, double? age, string inputs, string keys, string outputs) =>
        FormattableString.Invariant($"{time.UtcTicks} {client} {revision} {role} {paired} {latency} {age:R} {inputs} {keys} {outputs}");

    private TensorInfo[] Infos(string prefix) =>
        [.. Datatypes.All.Select((name, i) => new TensorInfo($"{prefix} {name}", (Datatype)i, Shapes[_random.Next(Shapes.Length)], nullable: true))];

    /// <summary>Gives tensors random shapes and values; returns the JSON object of each row.</summary>
    private string[] Fill(Tensor[] tensors, int rows, bool always)
    {
        var texts = Enumerable.Range(0, rows).Select(_ => new List<string>()).ToArray();
        foreach (var tensor in tensors)
        {
            tensor.IsPresent = always || _random.Next(2) == 0;
            if (!tensor.IsPresent)
            {
                continue;
            }

            var shape = tensor.Info.Shape.Select((dimension, axis) => dimension >= 0 ? dimension : axis == 0 ? rows : _random.Next(1, 4)).ToArray();
            tensor.Resize(shape, (int)shape.Aggregate(1L, (product, dimension) => product * dimension));
            var values = Enumerable.Range(0, tensor.Count).Select(i => Set(tensor, i)).ToList();

            // A tensor whose size rows divide is cut, whatever its dimensions are called.
            var stride = values.Count % rows == 0 ? values.Count / rows : 0;
            for (var row = 0; row < rows; row++)
            {
                var own = stride > 0 ? values.GetRange(row * stride, stride) : values;
                texts[row].Add($"{JsonSerializer.Serialize(tensor.Info.Name)}:{(own.Count == 1 ? own[0] : "[" + string.Join(',', own) + "]")}");
            }
        }

        return Array.ConvertAll(texts, row => "{" + string.Join(',', row) + "}");
    }

    /// <summary>Sets one element and returns its JSON.</summary>
    private string Set(Tensor tensor, int index)
    {
        if (tensor.Info.Datatype == Datatype.Bytes)
        {
            var text = string.Concat(Enumerable.Range(0, _random.Next(6)).Select(_ => "aé\"\u4e2d<"[_random.Next(5)]));
            tensor.SetBytes(index, Encoding.UTF8.GetBytes(text));
            return JsonSerializer.Serialize(text);
        }

        var size = tensor.Info.Datatype.Size();
        var raw = tensor.Raw.Slice(index * size, size);
        _random.NextBytes(raw);
        if (tensor.Info.Datatype == Datatype.Bool)
        {
            raw[0] &= 1;
        }

        return tensor.Info.Datatype switch
        {
            Datatype.Bool => raw[0] == 1 ? "true" : "false",
            Datatype.Uint8 => Json(raw[0]),
            Datatype.Int8 => Json((sbyte)raw[0]),
            Datatype.Uint16 => Json(BitConverter.ToUInt16(raw)),
            Datatype.Int16 => Json(BitConverter.ToInt16(raw)),
            Datatype.Uint32 => Json(BitConverter.ToUInt32(raw)),
            Datatype.Int32 => Json(BitConverter.ToInt32(raw)),
            Datatype.Uint64 => Json(BitConverter.ToUInt64(raw)),
            Datatype.Int64 => Json(BitConverter.ToInt64(raw)),
            Datatype.Fp16 => Finite((float)BitConverter.ToHalf(raw)),
            Datatype.Fp32 => Finite(BitConverter.ToSingle(raw)),
            _ => BitConverter.ToDouble(raw) is var value && double.IsFinite(value) ? Json(value) : "null",
        };
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value);

    private static string Finite(float value) => float.IsFinite(value) ? Json(value) : "null";

    /// <summary>Only gives and takes tensors.</summary>
    private sealed class Runtime(TensorInfo[] inputs, TensorInfo[] outputs, TensorInfo[] joinKeys) : IModelRuntime
    {
        public string Platform => "test";

        public IReadOnlyList<TensorInfo> Inputs => inputs;

        public IReadOnlyList<TensorInfo> Outputs => outputs;

        public IReadOnlyList<TensorInfo> JoinKeys => joinKeys;

        public bool HasRows => false;

        public bool Computes => true;

        public TensorSet Rent() => new(this);

        public void Return(TensorSet tensors) => tensors.Dispose();

        public ValueTask RunAsync(TensorSet tensors, Deadline deadline) => ValueTask.CompletedTask;

        public void Dispose()
        {
        }
    }
}
