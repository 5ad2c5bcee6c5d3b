// Asks an endpoint for one customer over gRPC: dotnet run --project samples/GrpcClient -- http://localhost:8081 churn C00008
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using MlSystem.Inference.Protocols.Grpc;

if (args is not [var address, var endpoint, var customer])
{
    await Console.Error.WriteLineAsync("usage: GrpcClient ADDRESS ENDPOINT CUSTOMER_ID");
    return 2;
}

using var channel = GrpcChannel.ForAddress(address);
var client = new GRPCInferenceService.GRPCInferenceServiceClient(channel);
var request = new ModelInferRequest
{
    ModelName = endpoint,
    Inputs =
    {
        new ModelInferRequest.Types.InferInputTensor
        {
            Name = "customer_id",
            Datatype = "BYTES",
            Shape = { 1 },
            Contents = new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8(customer) } },
        },
    },
};

try
{
    Console.WriteLine(JsonFormatter.Default.Format(await client.ModelInferAsync(request)));
    return 0;
}
catch (RpcException error)
{
    await Console.Error.WriteLineAsync($"{error.StatusCode}: {error.Status.Detail}");
    return 1;
}
