using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>
/// Requests whose JSON is well formed and whose tensors are not (binary part cut, lengths wrong, shapes huge or overflowing,
/// element lengths lying), and gRPC messages damaged in their bytes: each is answered, never with a fault of the server's own.
/// </summary>
[Collection(nameof(SharedServer))]
public sealed class WireFuzzTests(SharedServer shared)
{
    private const int Requests = 1000;

    private static readonly Method<byte[], ModelInferResponse> Infer = new(
        MethodType.Unary, "inference.GRPCInferenceService", "ModelInfer",
        Marshallers.Create(static bytes => bytes, static bytes => bytes),
        Marshallers.Create(static answer => answer.ToByteArray(), ModelInferResponse.Parser.ParseFrom));

    [Fact]
    public async Task Damaged_binary_tensors_are_refused_in_the_protocols_form()
    {
        var random = new Random(21);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Requests; i++)
        {
            using var content = Binary(random);
            using var response = await shared.Http.PostAsync("/v2/models/echo/infer", content);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge, $"{i}: {response.StatusCode} {text}");
            using var json = JsonDocument.Parse(text);
            Assert.NotEmpty(json.RootElement.GetProperty("error").GetString()!);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 << 20);
        Assert.Equal(200, (await shared.Server.InferAsync("echo", Echo.Json())).Status);
    }

    [Fact]
    public async Task Damaged_messages_are_refused_with_a_status()
    {
        var random = new Random(22);
        var good = Message().ToByteArray();
        var invoker = shared.Server.Channel.CreateCallInvoker();
        var refused = 0;
        for (var i = 0; i < Requests; i++)
        {
            try
            {
                using var call = invoker.AsyncUnaryCall(Infer, null, default, Damage(good, random));
                await call.ResponseAsync;
            }
            catch (RpcException error)
            {
                refused++;
                Assert.True(
                    error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded,
                    $"{i}: {error.StatusCode} {error.Status.Detail}");
            }
        }

        Assert.InRange(refused, Requests / 2, Requests);
        Assert.Equal(200, (await shared.Server.InferAsync("echo", Echo.Json())).Status);
    }

    /// <summary>All inputs of <c>echo</c> as binary data, one of them wrong.</summary>
    private static ByteArrayContent Binary(Random random)
    {
        var wrong = random.Next(Extremes.Values.Count);
        var kind = random.Next(7);
        var inputs = new List<string>();
        var data = new List<byte>();
        for (var i = 0; i < Extremes.Values.Count; i++)
        {
            var input = Extremes.Values[i];
            var (shape, size, raw) = ("2,1", (long)input.Raw.Length, input.Raw);
            if (i == wrong)
            {
                (shape, size, raw) = kind switch
                {
                    0 => (shape, size, raw[..random.Next(raw.Length)]),
                    1 => (shape, size + random.NextInt64(1, int.MaxValue), raw),
                    2 => (shape, random.NextInt64(-5, raw.Length), raw),
                    3 => ($"{random.NextInt64(3, long.MaxValue)},1", size, raw),
                    4 => ($"{long.MaxValue},{long.MaxValue}", size, raw),
                    5 => ("4294967297,4294967296", size, raw),
                    _ => (shape, size + 4, Lying(raw, random)),
                };
            }

            inputs.Add(string.Create(CultureInfo.InvariantCulture, $"{{\"name\":\"{input.Name}\",\"datatype\":\"{input.Datatype}\",\"shape\":[{shape}],\"parameters\":{{\"binary_data_size\":{size}}}}}"));
            data.AddRange(raw);
        }

        var header = Encoding.UTF8.GetBytes($"{{\"inputs\":[{string.Join(',', inputs)}]}}");
        var content = new ByteArrayContent([.. header, .. data]);
        content.Headers.Add("Inference-Header-Content-Length", header.Length.ToString(CultureInfo.InvariantCulture));
        return content;
    }

    /// <summary>Four bytes too many, which for BYTES claim a length that is not there.</summary>
    private static byte[] Lying(byte[] raw, Random random)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, random.Next(int.MinValue, int.MaxValue));
        return [.. length, .. raw];
    }

    private static ModelInferRequest Message()
    {
        var request = new ModelInferRequest { ModelName = "echo", Id = "a" };
        foreach (var input in Extremes.Values)
        {
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = input.Name, Datatype = input.Datatype, Shape = { input.Shape } });
            request.RawInputContents.Add(ByteString.CopyFrom(input.Raw));
        }

        return request;
    }

    private static byte[] Damage(byte[] message, Random random)
    {
        var damaged = message.ToList();
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(4))
            {
                case 0: damaged[at] = (byte)random.Next(256); break;
                case 1: damaged.RemoveRange(at, Math.Min(random.Next(1, 9), damaged.Count - at)); break;
                case 2: damaged.InsertRange(at, Enumerable.Range(0, random.Next(1, 9)).Select(_ => (byte)random.Next(256))); break;
                default: damaged.InsertRange(at, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]); break;
            }

            if (damaged.Count == 0)
            {
                damaged.Add(0);
            }
        }

        return [.. damaged];
    }
}
