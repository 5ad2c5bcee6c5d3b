using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>
/// Requests whose JSON is well formed and whose tensors are not (binary part cut, lengths wrong, shapes huge or overflowing,
/// element lengths lying): each is answered, never with a fault of the server's own.
/// </summary>
[Collection(nameof(SharedServer))]
public sealed class WireFuzzTests(SharedServer shared)
{
    private const int Requests = 1000;

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
}
