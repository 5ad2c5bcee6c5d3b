using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Tensors;
using MlSystem.Inference.Versions;

namespace MlSystem.Monitor.Tests.Ingestion;

/// <summary>Random answered calls of one version, with what Monitor must say of each of their rows.</summary>
internal sealed class LoggedCalls
{
    private static readonly long[][] Shapes = [[-1], [-1, 1], [-1, 3], [-1, -1], [2], [-1, 2, 2]];
    private readonly Random _random;
    private readonly Contracts.Endpoint _endpoint;
    private readonly TensorInfo[] _inputs;
    private readonly TensorInfo[] _outputs;
    private readonly TensorInfo[] _joinKeys = [new TensorInfo("key", Datatype.Bytes, [-1], nullable: false)];
    private readonly string _role;

    public LoggedCalls(Random random, int seed)
    {
        _random = random;
        _role = seed % 2 == 0 ? VariantRole.Live : VariantRole.Shadow;
        (_inputs, _outputs) = (Infos("in"), Infos("out"));
        _endpoint = new Contracts.Endpoint { Name = "é\"ndpoint", Revision = seed, Variants = [], Author = "a", Reason = "r", CreatedAt = DateTimeOffset.UnixEpoch };
    }

    /// <summary>By prediction id: what the history must have.</summary>
    public Dictionary<string, string> Expected { get; } = new(StringComparer.Ordinal);

    public AnsweredCall Next(DateTimeOffset time)
    {
        time = time.AddTicks(_random.Next(100_000_000));
        var id = Guid.CreateVersion7(time).ToString();
        var call = new AnsweredCall
        {
            Endpoint = _endpoint, Version = new VersionKey("m", 4), Variant = "v", RequestId = id, Time = time, Role = _role,
            PairedRequestId = _role == VariantRole.Shadow ? Guid.CreateVersion7(time).ToString() : null,
            ClientId = _random.Next(3) == 0 ? "client \u2028\"" + _random.Next() : null,
            Rows = _random.Next(1, 4),
            OldestFeatureAgeSeconds = _random.Next(3) == 0 ? _random.NextDouble() * 1000 : null,
            Latency = TimeSpan.FromMicroseconds(_random.Next(1_000_000)),
            Inputs = Tensors(_inputs),
            JoinKeys = Tensors(_joinKeys),
            Outputs = Tensors(_outputs),
        };
        var inputs = Fill(call.Inputs, call.Rows, always: true);
        var keys = Fill(call.JoinKeys, call.Rows, always: false);
        var outputs = Fill(call.Outputs, call.Rows, always: true);
        var microseconds = time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
        for (var row = 0; row < call.Rows; row++)
        {
            Expected[$"{id}/{row}"] = Text(
                microseconds, call.ClientId, _endpoint.Revision, _role, call.PairedRequestId, (long)call.Latency.TotalMicroseconds, call.OldestFeatureAgeSeconds, inputs[row], keys[row], outputs[row]);
        }

        return call;
    }

    public static string Text(
        DateTimeOffset time, string? client, long? revision, string role, string? paired, long latency, double? age, string inputs, string keys, string outputs) =>
        FormattableString.Invariant($"{time.UtcTicks} {client} {revision} {role} {paired} {latency} {age:R} {inputs} {keys} {outputs}");

    private static Tensor[] Tensors(TensorInfo[] infos) => Array.ConvertAll(infos, info => new Tensor(info));

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
}
