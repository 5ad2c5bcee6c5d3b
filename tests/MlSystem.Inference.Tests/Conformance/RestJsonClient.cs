using System.Text;
using System.Text.Json;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Tensors as JSON arrays, in and out.</summary>
public sealed class RestJsonClient(InferenceServer server) : RestClient(server)
{
    protected override HttpContent Content(OipRequest request) => new StringContent(
        $"{{{Head(request, null)}\"inputs\":[{string.Join(',', request.Inputs.Select(input => $"{{{Fields(input)},\"data\":[{string.Join(',', input.Literals())}]}}"))}]}}",
        Encoding.UTF8, "application/json");

    protected override IReadOnlyList<OipTensor> Outputs(JsonElement outputs, ReadOnlySpan<byte> binary) => [.. outputs.EnumerateArray().Select(Read)];

    private static OipTensor Read(JsonElement output)
    {
        var (name, datatype) = (output.GetProperty("name").GetString()!, output.GetProperty("datatype").GetString()!);
        long[] shape = [.. output.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        JsonElement[] data = [.. output.GetProperty("data").EnumerateArray()];
        return datatype switch
        {
            "BOOL" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetBoolean() ? (byte)1 : (byte)0)]),
            "UINT8" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetByte())]),
            "UINT16" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetUInt16())]),
            "UINT32" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetUInt32())]),
            "UINT64" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetUInt64())]),
            "INT8" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetSByte())]),
            "INT16" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetInt16())]),
            "INT32" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetInt32())]),
            "INT64" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetInt64())]),
            "FP16" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => (Half)e.GetSingle())]),
            "FP32" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetSingle())]),
            "FP64" => OipTensor.Of(name, datatype, shape, [.. data.Select(e => e.GetDouble())]),
            _ => OipTensor.Bytes(name, shape, [.. data.Select(e => e.GetString()!)]),
        };
    }
}
