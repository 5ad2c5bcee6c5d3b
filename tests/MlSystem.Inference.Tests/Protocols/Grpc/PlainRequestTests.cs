using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols.Grpc;

/// <summary>
/// The hand-written way of plain calls against the common one. A parameter that has no effect makes a request take the latter; both must
/// give the same message or the same status and words.
/// </summary>
[Collection(nameof(SharedServer))]
public sealed class PlainRequestTests(SharedServer shared)
{
    private const int Requests = 300;
    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);
    private static readonly Method<byte[], byte[]> Infer = new(MethodType.Unary, "inference.GRPCInferenceService", "ModelInfer", Bytes, Bytes);

    [Fact]
    public async Task Requests_with_mistakes_and_without_are_answered_alike()
    {
        var random = new Random(31);
        for (var i = 0; i < Requests; i++)
        {
            await AssertAlikeAsync(Request(random, mistakes: i % 3 != 0).ToByteArray());
        }
    }

    [Fact]
    public async Task Damaged_messages_are_answered_alike()
    {
        var random = new Random(32);
        for (var i = 0; i < Requests; i++)
        {
            var message = Request(random, mistakes: false).ToByteArray();
            message[random.Next(message.Length)] = (byte)random.Next(256);
            await AssertAlikeAsync(message);
        }
    }

    [Fact]
    public async Task A_deadline_that_has_passed_is_told()
    {
        var call = shared.Server.Channel.CreateCallInvoker().AsyncUnaryCall(Infer, null, new CallOptions(deadline: DateTime.UnixEpoch.AddYears(50)), Linear().ToByteArray());
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
    }

    [Fact]
    public async Task The_request_id_is_in_the_header_and_in_the_message()
    {
        var call = shared.Server.Grpc.ModelInferAsync(Linear(), new Metadata { { "x-request-id", "mine" } });
        var answer = await call.ResponseAsync;
        var header = (await call.ResponseHeadersAsync).GetValue("x-request-id");
        Assert.Equal(answer.Parameters["request_id"].StringParam, header);
        Assert.Equal("champion", answer.Parameters["variant"].StringParam);
        Assert.Equal("a b", answer.Id);
    }

    private async Task AssertAlikeAsync(byte[] message)
    {
        var plain = await AskAsync(message);
        var parameter = new ModelInferRequest { Parameters = { ["headers"] = new InferParameter { BoolParam = true } } };
        Assert.Equal(await AskAsync([.. parameter.ToByteArray(), .. message]), plain);
    }

    private async Task<string> AskAsync(byte[] message)
    {
        try
        {
            var answer = ModelInferResponse.Parser.ParseFrom(await shared.Server.Channel.CreateCallInvoker().AsyncUnaryCall(Infer, null, default, message).ResponseAsync);
            Assert.True(Guid.TryParse(answer.Parameters["request_id"].StringParam, out _));
            answer.Parameters.Remove("request_id");
            return answer.ToString();
        }
        catch (RpcException error)
        {
            return $"{error.StatusCode} {error.Status.Detail}";
        }
    }

    private static ModelInferRequest Linear() => new()
    {
        ModelName = "linear",
        Id = "a b",
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1, 3 } } },
        RawInputContents = { ByteString.CopyFrom(new byte[12]) },
    };

    private static ModelInferRequest Request(Random random, bool mistakes)
    {
        var request = new ModelInferRequest { ModelName = "echo", Id = random.Next(2) == 0 ? "" : "id ü"[..random.Next(1, 5)] };
        var wrong = mistakes ? random.Next(13) : -1;
        var rows = random.Next(1, 4);
        foreach (var (datatype, _) in Echo.Values)
        {
            var input = new ModelInferRequest.Types.InferInputTensor { Name = "in_" + datatype, Datatype = datatype, Shape = { rows } };
            if (random.Next(2) == 0)
            {
                input.Shape.Add(1);
            }

            var raw = Raw(datatype, rows, random);
            if (request.Inputs.Count == wrong)
            {
                Spoil(request, input, ref raw, random);
            }

            request.Inputs.Add(input);
            request.RawInputContents.Add(ByteString.CopyFrom(raw));
        }

        return request;
    }

    private static void Spoil(ModelInferRequest request, ModelInferRequest.Types.InferInputTensor input, ref byte[] raw, Random random)
    {
        switch (random.Next(9))
        {
            case 0: input.Name = "unknown"; break;
            case 1: input.Datatype = "FP99"; break;
            case 2: input.Shape.Add(2); break;
            case 3: input.Shape[0] = -1; break;
            case 4: input.Shape[0] = long.MaxValue; break;
            case 5: raw = raw[1..]; break;
            case 6: request.ModelName = "nobody"; break;
            case 7: request.ModelVersion = random.Next(2) == 0 ? "1" : "x"; break;
            default: input.Name = "in_BOOL"; break;
        }
    }

    private static byte[] Raw(string datatype, int rows, Random random)
    {
        if (datatype == "BYTES")
        {
            return [.. Enumerable.Range(0, rows).SelectMany(i => new byte[] { (byte)i, 0, 0, 0 }.Concat(Enumerable.Repeat((byte)'x', i)))];
        }

        var size = datatype switch { "BOOL" or "UINT8" or "INT8" => 1, "FP64" or "INT64" or "UINT64" => 8, "FP32" or "INT32" or "UINT32" => 4, _ => 2 };
        var raw = new byte[size * rows];
        random.NextBytes(raw);
        return datatype == "BOOL" ? Array.ConvertAll(raw, octet => (byte)(octet & 1)) : raw;
    }
}
