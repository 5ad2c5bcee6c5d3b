using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Tensors as <c>raw_input_contents</c> and <c>raw_output_contents</c>.</summary>
public class GrpcRawClient(InferenceServer server) : GrpcClient(server)
{
    protected override void Put(ModelInferRequest message, ModelInferRequest.Types.InferInputTensor tensor, OipTensor input) =>
        message.RawInputContents.Add(ByteString.CopyFrom(input.Raw));

    protected override OipTensor Take(ModelInferResponse answer, ModelInferResponse.Types.InferOutputTensor output, int index)
    {
        Assert.Null(output.Contents);
        return new OipTensor(output.Name, output.Datatype, [.. output.Shape], answer.RawOutputContents[index].ToByteArray());
    }
}

/// <summary>The same through <c>ModelStreamInfer</c>.</summary>
public sealed class GrpcStreamClient(InferenceServer server) : GrpcRawClient(server)
{
    protected override async Task<ModelInferResponse> SendAsync(ModelInferRequest message)
    {
        using var stream = Client.ModelStreamInfer();
        await stream.RequestStream.WriteAsync(message);
        await stream.RequestStream.CompleteAsync();
        Assert.True(await stream.ResponseStream.MoveNext(default));
        var answer = stream.ResponseStream.Current;
        Assert.False(await stream.ResponseStream.MoveNext(default));

        // A stream outlives a refused request: the refusal is a message in it, so its kind is told by its words alone.
        return answer.ErrorMessage.Length == 0 ? answer.InferResponse : throw new RpcException(new Status(Kind(answer.ErrorMessage), answer.ErrorMessage));
    }

    private static StatusCode Kind(string message) =>
        message.StartsWith("endpoint", StringComparison.Ordinal) ? StatusCode.Unavailable
        : message.StartsWith("there is no endpoint", StringComparison.Ordinal) || message.StartsWith("version ", StringComparison.Ordinal) || message.Contains("versions are numbers", StringComparison.Ordinal) ? StatusCode.NotFound
        : message.StartsWith("not done within", StringComparison.Ordinal) ? StatusCode.DeadlineExceeded
        : StatusCode.InvalidArgument;
}
