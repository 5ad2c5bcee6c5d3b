using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols;

[Collection(nameof(SharedServer))]
public sealed class ReflectionTests(SharedServer shared)
{
    [Fact]
    public async Task Services_and_their_messages_are_told()
    {
        using var call = new ServerReflection.ServerReflectionClient(shared.Server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var services = call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ToList();
        Assert.Contains("inference.GRPCInferenceService", services);
        Assert.Contains("grpc.health.v1.Health", services);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "inference.GRPCInferenceService" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(Google.Protobuf.Reflection.FileDescriptorProto.Parser.ParseFrom);
        var methods = files.SelectMany(file => file.Service).Single(service => service.Name == "GRPCInferenceService").Method.Select(method => method.Name);
        Assert.Contains("ModelInfer", methods);
        await call.RequestStream.CompleteAsync();
    }
}
