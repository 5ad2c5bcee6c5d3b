using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Tensors behind the JSON, in and out: the binary tensor data extension.</summary>
public sealed class RestBinaryClient(InferenceServer server) : RestClient(server)
{
    protected override HttpContent Content(OipRequest request)
    {
        var inputs = request.Inputs.Select(input => string.Create(CultureInfo.InvariantCulture, $"{{{Fields(input)},\"parameters\":{{\"binary_data_size\":{input.Raw.Length}}}}}"));
        var header = Encoding.UTF8.GetBytes($"{{{Head(request, "\"binary_data_output\":true")}\"inputs\":[{string.Join(',', inputs)}]}}");
        var content = new ByteArrayContent([.. header, .. request.Inputs.SelectMany(input => input.Raw)]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.Add("Inference-Header-Content-Length", header.Length.ToString(CultureInfo.InvariantCulture));
        return content;
    }

    protected override IReadOnlyList<OipTensor> Outputs(JsonElement outputs, ReadOnlySpan<byte> binary)
    {
        var tensors = new List<OipTensor>();
        foreach (var output in outputs.EnumerateArray())
        {
            Assert.False(output.TryGetProperty("data", out _));
            var size = output.GetProperty("parameters").GetProperty("binary_data_size").GetInt32();
            tensors.Add(new OipTensor(
                output.GetProperty("name").GetString()!, output.GetProperty("datatype").GetString()!,
                [.. output.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())], binary[..size].ToArray()));
            binary = binary[size..];
        }

        Assert.True(binary.IsEmpty);
        return tensors;
    }
}
