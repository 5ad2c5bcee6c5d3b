using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Net.Client;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.LoadTest;

/// <summary>One row of the churn sample as request bodies.</summary>
internal static class Bodies
{
    /// <summary>Column, value; text values are strings.</summary>
    private static readonly (string Name, object Value)[] Row =
    [
        ("female", 1f), ("senior_citizen", 0f), ("partner", 1f), ("dependents", 0f), ("tenure", 1f), ("phone_service", 0f),
        ("multiple_lines", "No phone service"), ("internet_service", "DSL"), ("online_security", "No"), ("online_backup", "Yes"),
        ("device_protection", "No"), ("tech_support", "No"), ("streaming_tv", "No"), ("streaming_movies", "No"),
        ("contract", "Month-to-month"), ("paperless_billing", 1f), ("payment_method", "Electronic check"),
        ("monthly_charges", 29.85f), ("total_charges", 29.85f),
    ];

    public static byte[] HttpRow() => Http(Row);

    public static byte[] HttpKey() => Http([("customer_id", "C00001")]);

    /// <summary>A gRPC frame: no compression, length, message with raw tensors.</summary>
    public static byte[] GrpcRow()
    {
        var message = GrpcRequest().ToByteArray();
        var frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static async Task<string> WriteAsync(string name, byte[] body)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"mlsystem-load-{Environment.ProcessId}-{name}"));
        await File.WriteAllBytesAsync(path, body);
        return path;
    }

    /// <summary>Asks each gRPC target once: the load generator does not see an error in a gRPC trailer.</summary>
    public static async Task CheckAnswersAsync()
    {
        foreach (var address in new[] { SystemUnderLoad.BaselineGrpc, SystemUnderLoad.InferenceGrpc, SystemUnderLoad.GatewayGrpc })
        {
            using var channel = GrpcChannel.ForAddress(address);
            await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ModelInferAsync(GrpcRequest());
        }
    }

    private static byte[] Http((string Name, object Value)[] row) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["inputs"] = new JsonArray([.. row.Select(column => new JsonObject
        {
            ["name"] = column.Name,
            ["datatype"] = column.Value is string ? "BYTES" : "FP32",
            ["shape"] = new JsonArray(1),
            ["data"] = new JsonArray(column.Value is string text ? JsonValue.Create(text) : JsonValue.Create((float)column.Value)),
        })]),
    }.ToJsonString());

    private static ModelInferRequest GrpcRequest()
    {
        var request = new ModelInferRequest { ModelName = "churn" };
        foreach (var (name, value) in Row)
        {
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor
            {
                Name = name,
                Datatype = value is string ? "BYTES" : "FP32",
                Shape = { 1 },
            });
            request.RawInputContents.Add(ByteString.CopyFrom(Raw(value)));
        }

        return request;
    }

    private static byte[] Raw(object value)
    {
        if (value is float number)
        {
            return BitConverter.GetBytes(number);
        }

        var text = Encoding.UTF8.GetBytes((string)value);
        return [.. BitConverter.GetBytes(text.Length), .. text];
    }
}
