using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Grpc.Net.Client;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.LoadTest;

/// <summary>A model's row as files that the load generators send.</summary>
internal static class Bodies
{
    public static Task<string> HttpAsync(LoadedModel model) => WriteAsync(model.Name + ".json", model.Json());

    /// <summary>A gRPC frame: no compression, length, message with raw tensors.</summary>
    public static Task<string> GrpcAsync(LoadedModel model)
    {
        var message = GrpcRequest(model).ToByteArray();
        var frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return WriteAsync(model.Name + ".bin", frame);
    }

    /// <summary>Asks once over gRPC: the load generator does not see an error in a gRPC trailer.</summary>
    public static async Task CheckGrpcAsync(Uri server, LoadedModel model)
    {
        using var channel = GrpcChannel.ForAddress(server);
        await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ModelInferAsync(GrpcRequest(model));
    }

    private static async Task<string> WriteAsync(string name, byte[] body)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"mlsystem-load-{Environment.ProcessId}-{name}"));
        await File.WriteAllBytesAsync(path, body);
        return path;
    }

    private static ModelInferRequest GrpcRequest(LoadedModel model)
    {
        var request = new ModelInferRequest { ModelName = model.Name };
        foreach (var input in model.Row)
        {
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype, Shape = { input.Shape } });
            request.RawInputContents.Add(ByteString.CopyFrom(input.Raw()));
        }

        return request;
    }
}
