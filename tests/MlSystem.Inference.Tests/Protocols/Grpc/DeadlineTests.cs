using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Contracts;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols.Grpc;

/// <summary>The shorter of the endpoint's limit and the caller's <c>grpc-timeout</c> counts, however the request is read.</summary>
public sealed class DeadlineTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    /// <summary>Requests of one row that the server reads by hand, and those with typed contents.</summary>
    public static TheoryData<bool> Forms => [true, false];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_long_deadline_does_not_lengthen_the_limit_of_the_endpoint(bool raw)
    {
        await using var bed = await BedAsync(timeoutMs: 300);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await bed.Server.Grpc.ModelInferAsync(Request(raw), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + Long));
        Assert.Equal((StatusCode.DeadlineExceeded, "not done within 300 ms"), (error.StatusCode, error.Status.Detail));
        Assert.Equal(0, bed.Gate.Waiting);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_short_deadline_shortens_the_limit_of_the_endpoint(bool raw)
    {
        await using var bed = await BedAsync(timeoutMs: (int)Long.TotalMilliseconds);
        var call = bed.Server.Grpc.ModelInferAsync(Request(raw), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(2));
        await Requests.EventuallyAsync(() => Task.FromResult(bed.Gate.Waiting == 1 || call.ResponseAsync.IsCompleted));
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);

        // The caller may know before the server does; it waits no longer there either.
        await Requests.EventuallyAsync(() => Task.FromResult(bed.Gate.Waiting == 0));
    }

    [Fact]
    public async Task A_short_deadline_shortens_a_long_timeout_parameter()
    {
        await using var bed = await BedAsync(timeoutMs: 300);
        var request = Request(raw: true);
        request.Parameters["timeout"] = new InferParameter { Int64Param = (long)Long.TotalMicroseconds };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await bed.Server.Grpc.ModelInferAsync(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromSeconds(2)));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        await Requests.EventuallyAsync(() => Task.FromResult(bed.Gate.Waiting == 0));
    }

    private static ModelInferRequest Request(bool raw)
    {
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 3 } };
        var request = new ModelInferRequest { ModelName = "linear", Inputs = { input } };
        float[] row = [1, 2, 3];
        if (raw)
        {
            request.RawInputContents.Add(ByteString.CopyFrom(MemoryMarshal.AsBytes(row.AsSpan())));
        }
        else
        {
            input.Contents = new InferTensorContents { Fp32Contents = { row } };
        }

        return request;
    }

    /// <summary>A server whose one place to run is taken, so that whoever asks waits.</summary>
    private static async Task<Bed> BedAsync(int timeoutMs)
    {
        var registry = new RegistryDouble();
        registry.AddVersion("linear", 1, ModelFolder.Linear());
        registry.SetEndpoint("linear", 1, new EndpointLimits { MaxConcurrency = 1, MaxQueue = 2, TimeoutMs = timeoutMs });
        await registry.StartAsync();
        var server = await InferenceServer.StartAsync(registry.Url);
        var gate = server.Services.GetRequiredService<ServingState>().Table.Endpoints["linear"].Gate;
        Assert.True(gate.TryRun());
        return new Bed(registry, server, gate);
    }

    private sealed record Bed(RegistryDouble Registry, InferenceServer Server, EndpointGate Gate) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            Gate.EndRun();
            await Server.DisposeAsync();
            await Registry.DisposeAsync();
        }
    }
}
