using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols;

[Collection(nameof(SharedServer))]
public sealed class GrpcConformanceTests(SharedServer shared)
{
    private GRPCInferenceService.GRPCInferenceServiceClient Client => shared.Server.Grpc;

    [Fact]
    public async Task Server_and_model_are_live_and_ready()
    {
        Assert.True((await Client.ServerLiveAsync(new ServerLiveRequest())).Live);
        Assert.True((await Client.ServerReadyAsync(new ServerReadyRequest())).Ready);
        Assert.True((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "linear" })).Ready);
        Assert.False((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "linear", Version = "77" })).Ready);
        Assert.Contains("feature_lookup", (await Client.ServerMetadataAsync(new ServerMetadataRequest())).Extensions);
        var health = await new Health.HealthClient(shared.Server.Channel).CheckAsync(new HealthCheckRequest());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public async Task Metadata_tells_tensors_and_properties()
    {
        var model = await Client.ModelMetadataAsync(new ModelMetadataRequest { Name = "columns" });
        Assert.Equal(["age", "income", "plan"], model.Inputs.Select(i => i.Name));
        Assert.Equal([-1, 1], model.Inputs[0].Shape);
        Assert.Equal("person_id", model.Properties["join_keys"]);
    }

    [Fact]
    public async Task Raw_contents_are_answered_raw()
    {
        var answer = await Client.ModelInferAsync(Linear([1, 2, 3, 4, 5, 6], raw: true));
        Assert.Equal([2], answer.Outputs[0].Shape);
        Assert.Null(answer.Outputs[0].Contents);
        Assert.Equal([321f, 654f], [BitConverter.ToSingle(answer.RawOutputContents[0].Span), BitConverter.ToSingle(answer.RawOutputContents[0].Span[4..])]);
        Assert.Equal("mine", answer.Id);
        Assert.Equal("champion", answer.Parameters["variant"].StringParam);
    }

    [Fact]
    public async Task Typed_contents_are_answered_typed()
    {
        var answer = await Client.ModelInferAsync(Linear([1, 2, 3, 4, 5, 6], raw: false));
        Assert.Equal([321f, 654f], answer.Outputs[0].Contents.Fp32Contents);
        Assert.Empty(answer.RawOutputContents);
    }

    [Fact]
    public async Task Every_datatype_survives_raw()
    {
        var request = new ModelInferRequest { ModelName = "echo" };
        foreach (var datatype in Tensors.Datatypes.All)
        {
            Assert.True(Tensors.Datatypes.TryParse(datatype, out var parsed));
            var size = Tensors.Datatypes.Size(parsed);
            byte[] bytes = datatype == "BYTES" ? [2, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0] : [.. Enumerable.Range(0, 2 * size).Select(i => (byte)(i % 2))];
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = "in_" + datatype, Datatype = datatype, Shape = { 2, 1 } });
            request.RawInputContents.Add(ByteString.CopyFrom(bytes));
        }

        var answer = await Client.ModelInferAsync(request);
        Assert.Equal(request.RawInputContents, answer.RawOutputContents);
    }

    [Fact]
    public async Task Every_datatype_but_FP16_survives_typed()
    {
        var typed = new Dictionary<string, InferTensorContents>(StringComparer.Ordinal)
        {
            ["BOOL"] = new() { BoolContents = { true, false } },
            ["UINT8"] = new() { UintContents = { 0, byte.MaxValue } },
            ["UINT16"] = new() { UintContents = { 0, ushort.MaxValue } },
            ["UINT32"] = new() { UintContents = { 0, uint.MaxValue } },
            ["UINT64"] = new() { Uint64Contents = { 0, ulong.MaxValue } },
            ["INT8"] = new() { IntContents = { sbyte.MinValue, sbyte.MaxValue } },
            ["INT16"] = new() { IntContents = { short.MinValue, short.MaxValue } },
            ["INT32"] = new() { IntContents = { int.MinValue, int.MaxValue } },
            ["INT64"] = new() { Int64Contents = { long.MinValue, long.MaxValue } },
            ["FP32"] = new() { Fp32Contents = { 0.1f, float.NaN } },
            ["FP64"] = new() { Fp64Contents = { 0.1, double.NaN } },
            ["BYTES"] = new() { BytesContents = { ByteString.Empty, ByteString.CopyFrom(0xFF, 0) } },
        };
        var request = new ModelInferRequest { ModelName = "typed" };
        request.Inputs.AddRange(typed.Select(t => new ModelInferRequest.Types.InferInputTensor { Name = "in_" + t.Key, Datatype = t.Key, Shape = { 2 }, Contents = t.Value }));
        var answer = await Client.ModelInferAsync(request);
        Assert.Equal(typed.Values, answer.Outputs.Select(output => output.Contents));

        request.Inputs[5].Contents.IntContents[0] = -129;
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client.ModelInferAsync(request));
        Assert.Contains("data[0] = -129 is not in the range of INT8", error.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", "", StatusCode.NotFound, "no endpoint 'nothing'")]
    [InlineData("linear", "9", StatusCode.NotFound, "no version 9")]
    public async Task Refusals_carry_their_status(string model, string version, StatusCode code, string message)
    {
        var request = new ModelInferRequest { ModelName = model, ModelVersion = version };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client.ModelInferAsync(request));
        Assert.Equal(code, error.StatusCode);
        Assert.Contains(message, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_contents_are_invalid()
    {
        await RefusedAsync(r => r.Inputs[0].Shape[0] = 2, "takes 24 bytes", raw: true, alternative: "more than the data can hold");
        await RefusedAsync(r => r.Inputs[0].Datatype = "INT32", "'x' is FP32", raw: true);
        await RefusedAsync(r => r.Inputs[0].Contents = new InferTensorContents { IntContents = { 1, 2, 3 } }, "belongs into fp32_contents", raw: false);
        await RefusedAsync(r => r.Inputs.Clear(), "the request has no inputs", raw: false);
        await RefusedAsync(r => r.RawInputContents.Add(ByteString.Empty), "one each", raw: true);
        await RefusedAsync(r => r.Parameters["sequence_id"] = new InferParameter { Int64Param = 1 }, "not supported", raw: true);
    }

    [Fact]
    public async Task A_stream_answers_in_order_and_goes_on_after_a_refusal()
    {
        using var stream = Client.ModelStreamInfer();
        for (var i = 0; i < 20; i++)
        {
            await stream.RequestStream.WriteAsync(i == 7 ? new ModelInferRequest { ModelName = "nothing", Id = "7" } : Linear([i, 0, 0], raw: true, id: $"{i}"));
        }

        await stream.RequestStream.CompleteAsync();
        var n = 0;
        await foreach (var answer in stream.ResponseStream.ReadAllAsync())
        {
            Assert.Equal($"{n}", answer.InferResponse.Id);
            Assert.Equal(n == 7, answer.ErrorMessage.Length > 0);
            if (n != 7)
            {
                Assert.Equal(n, BitConverter.ToSingle(answer.InferResponse.RawOutputContents[0].Span));
            }

            n++;
        }

        Assert.Equal(20, n);
    }

    [Fact]
    public async Task Repository_and_statistics_answer()
    {
        await Client.ModelInferAsync(Linear([1, 2, 3], raw: true));
        var index = await Client.RepositoryIndexAsync(new RepositoryIndexRequest());
        Assert.Contains(index.Models, m => m is { Name: "linear", Version: "1", State: "READY" });
        var statistics = await Client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = "linear", Version = "1" });
        Assert.True(statistics.ModelStats.Single().InferenceStats.Success.Count >= 1);
        var one = statistics.ModelStats.Single().BatchStats.Single(size => size.BatchSize == 1).ComputeInfer;
        Assert.True(one.Count >= 1 && one.Ns > 0);
        await Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "linear" });
    }

    private async Task RefusedAsync(Action<ModelInferRequest> change, string message, bool raw, string? alternative = null)
    {
        var request = Linear([1, 2, 3], raw);
        change(request);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await Client.ModelInferAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.True(error.Status.Detail.Contains(message, StringComparison.Ordinal) || (alternative is not null && error.Status.Detail.Contains(alternative, StringComparison.Ordinal)), error.Status.Detail);
    }

    private static ModelInferRequest Linear(float[] x, bool raw, string id = "mine")
    {
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { x.Length / 3, 3 } };
        var request = new ModelInferRequest { ModelName = "linear", Id = id, Inputs = { input } };
        if (raw)
        {
            var bytes = new byte[x.Length * sizeof(float)];
            Buffer.BlockCopy(x, 0, bytes, 0, bytes.Length);
            request.RawInputContents.Add(ByteString.CopyFrom(bytes));
        }
        else
        {
            input.Contents = new InferTensorContents { Fp32Contents = { x } };
        }

        return request;
    }
}
