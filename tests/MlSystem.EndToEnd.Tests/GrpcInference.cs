using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Net.Client;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.EndToEnd.Tests;

/// <summary>The Open Inference Protocol over gRPC, as a client sees it.</summary>
internal static class GrpcInference
{
    /// <summary>Predicts one row from one BYTES input and returns the probabilities.</summary>
    public static async Task<float[]> PredictAsync(Uri address, string endpoint, string input, string value)
    {
        using var channel = GrpcChannel.ForAddress(address);
        var request = new ModelInferRequest
        {
            ModelName = endpoint,
            Inputs =
            {
                new ModelInferRequest.Types.InferInputTensor
                {
                    Name = input,
                    Datatype = "BYTES",
                    Shape = { 1 },
                    Contents = new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8(value) } },
                },
            },
        };

        var answer = await new GRPCInferenceService.GRPCInferenceServiceClient(channel).ModelInferAsync(request);

        var index = answer.Outputs.ToList().FindIndex(output => output.Name == "probabilities");
        return answer.RawOutputContents.Count > 0
            ? MemoryMarshal.Cast<byte, float>(answer.RawOutputContents[index].Span).ToArray()
            : [.. answer.Outputs[index].Contents.Fp32Contents];
    }
}
