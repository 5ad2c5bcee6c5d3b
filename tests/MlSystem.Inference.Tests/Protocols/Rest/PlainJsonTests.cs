using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols.Rest;

/// <summary>
/// The reader for usual requests against the one that decides: the same body with its length in <c>Inference-Header-Content-Length</c>
/// is read by the latter alone. Both must answer alike, whatever the body: the same tensors back or the same words.
/// </summary>
[Collection(nameof(SharedServer))]
public sealed class PlainJsonTests(SharedServer shared)
{
    private const int Requests = 400;
    private static readonly string[] Datatypes =
        ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"];

    private static readonly string[] Odd =
    [
        "-0", "0", "00", "01", "-", "1.", ".5", "+1", "1e2", "1E-3", "-1.5e+1", "null", "true", "false", "\"x\"", "[1]", "{}", "NaN", "1 2", "16777217", "9007199254740993", "0.1000000000000000055",
        "123456789012345678", "1234567890123456789", "0.30000001192092896", "8589973504.5", "1.00000005960464477", "1e400", "255", "256", "-129", "65536", "4294967296", "18446744073709551615",
        "9223372036854775808", "\"\\u00e9\"", "\"é\"", "\"a\\\"b\"", "\"\\ud800\"", "\"tab\t\"", "3.4028236e38", "0.000000000000000000000000000000000000001",
    ];

    [Fact]
    public async Task Valid_requests_are_read_alike()
    {
        var random = new Random(11);
        for (var i = 0; i < Requests; i++)
        {
            await AssertAlikeAsync(Body(random, odd: 0));
        }
    }

    [Fact]
    public async Task Odd_values_are_read_or_refused_alike()
    {
        var random = new Random(12);
        for (var i = 0; i < Requests; i++)
        {
            await AssertAlikeAsync(Body(random, odd: 0.05));
        }
    }

    [Fact]
    public async Task Damaged_requests_are_refused_alike()
    {
        var random = new Random(13);
        for (var i = 0; i < Requests * 2; i++)
        {
            var body = Encoding.UTF8.GetBytes(Body(random, odd: 0.01));
            for (var change = random.Next(1, 3); change > 0; change--)
            {
                body = Change(body, random);
            }

            await AssertAlikeAsync(body);
        }
    }

    /// <summary>Floats of many digits, where rounding twice would be wrong.</summary>
    [Fact]
    public async Task Floats_are_rounded_once()
    {
        var random = new Random(14);
        for (var i = 0; i < 20; i++)
        {
            var values = Enumerable.Range(0, 500).Select(_ => Near(random));
            await AssertAlikeAsync($$"""{"inputs":[{"name":"age","shape":[500],"datatype":"FP32","data":[{{string.Join(',', values)}}]},{"name":"income","shape":[500],"datatype":"FP64","data":[{{string.Join(',', values)}}]},{"name":"plan","shape":[500],"datatype":"BYTES","data":[{{string.Join(',', Enumerable.Repeat("\"p\"", 500))}}]}]}""", "columns");
        }
    }

    /// <summary>The middle between two floats, and its neighbours among decimals.</summary>
    private static string Near(Random random)
    {
        var value = (float)(random.NextDouble() * Math.Pow(10, random.Next(-6, 8)));
        var middle = ((decimal)value + (decimal)MathF.BitIncrement(value)) / 2;
        return Math.Round(middle, random.Next(6, 20)).ToString(CultureInfo.InvariantCulture);
    }

    private Task AssertAlikeAsync(string body, string model = "echo") => AssertAlikeAsync(Encoding.UTF8.GetBytes(body), model);

    private async Task AssertAlikeAsync(byte[] body, string model = "echo")
    {
        var usual = await AskAsync(body, model, strictly: false);
        Assert.Equal(await AskAsync(body, model, strictly: true), usual);
        Assert.DoesNotContain("internal error", usual, StringComparison.Ordinal);
    }

    /// <summary>The answer without what differs between two requests.</summary>
    private async Task<string> AskAsync(byte[] body, string model, bool strictly)
    {
        using var content = new ByteArrayContent(body);
        if (strictly)
        {
            content.Headers.Add("Inference-Header-Content-Length", body.Length.ToString(CultureInfo.InvariantCulture));
        }

        using var response = await shared.Http.PostAsync($"/v2/models/{model}/infer", content);
        var json = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        (json["parameters"] as JsonObject)?.Remove("request_id");
        return $"{(int)response.StatusCode} {json.ToJsonString()}";
    }

    private static string Body(Random random, double odd)
    {
        var space = random.Next(3) == 0 ? " " : random.Next(5) == 0 ? "\r\n\t" : "";
        var rows = random.Next(1, 4);
        var order = Datatypes.ToArray();
        if (random.Next(2) == 0)
        {
            random.Shuffle(order);
        }

        var inputs = order.Select(datatype => Input(datatype, rows, random, odd, space));
        var id = random.Next(2) == 0 ? $"\"id\":{space}\"r {random.Next()}\",{space}" : "";
        return $"{{{id}\"inputs\":{space}[{string.Join(space + ",", inputs)}]{space}}}{space}";
    }

    private static string Input(string datatype, int rows, Random random, double odd, string space)
    {
        var values = Enumerable.Range(0, rows).Select(_ => random.NextDouble() < odd ? Odd[random.Next(Odd.Length)] : Value(datatype, random)).ToList();
        var nested = random.Next(3) == 0;
        var shape = nested || random.Next(2) == 0 ? $"[{rows},{space}1]" : $"[{rows}]";
        var data = string.Join($",{space}", nested ? values.Select(value => $"[{value}]") : values);
        string[] fields = [$"\"name\":{space}\"in_{datatype}\"", $"\"shape\":{shape}", $"\"datatype\":\"{datatype}\"", $"\"data\":{space}[{data}]"];
        if (random.Next(4) == 0)
        {
            random.Shuffle(fields);
        }

        return $"{{{space}{string.Join($",{space}", fields)}}}";
    }

    private static string Value(string datatype, Random random) => datatype switch
    {
        "BOOL" => random.Next(2) == 0 ? "true" : "false",
        "BYTES" => $"\"text {random.Next()}\"",
        "UINT8" => random.Next(256).ToString(CultureInfo.InvariantCulture),
        "INT8" => random.Next(-128, 128).ToString(CultureInfo.InvariantCulture),
        "UINT16" => random.Next(65536).ToString(CultureInfo.InvariantCulture),
        "INT16" => random.Next(-32768, 32768).ToString(CultureInfo.InvariantCulture),
        "FP16" => random.Next(-2000, 2000).ToString(CultureInfo.InvariantCulture),
        "FP32" => random.Next(5) == 0 ? "null" : ((float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-10, 10)))).ToString("R", CultureInfo.InvariantCulture),
        "FP64" => random.Next(5) == 0 ? "null" : ((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-10, 10))).ToString("R", CultureInfo.InvariantCulture),
        _ => random.Next(int.MaxValue).ToString(CultureInfo.InvariantCulture),
    };

    private static byte[] Change(byte[] body, Random random)
    {
        var at = random.Next(body.Length);
        return random.Next(4) switch
        {
            0 => [.. body[..at], .. body[(at + 1)..]],
            1 => [.. body[..at], (byte)"{}[],:\"\\ 0-.enft\u0001"[random.Next(17)], .. body[at..]],
            2 => [.. body[..at], (byte)random.Next(256), .. body[(at + 1)..]],
            _ => body[..at].Length == 0 ? "{"u8.ToArray() : body[..at],
        };
    }
}
