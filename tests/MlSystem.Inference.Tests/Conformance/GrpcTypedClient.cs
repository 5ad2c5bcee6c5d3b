using System.Runtime.InteropServices;
using Google.Protobuf;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Tensors as typed <c>contents</c>, which have no place for FP16.</summary>
public sealed class GrpcTypedClient(InferenceServer server) : GrpcClient(server)
{
    public override IReadOnlyList<string> Unsupported => ["FP16"];

    protected override void Put(ModelInferRequest message, ModelInferRequest.Types.InferInputTensor tensor, OipTensor input)
    {
        var contents = tensor.Contents = new InferTensorContents();
        switch (input.Datatype)
        {
            case "BOOL": contents.BoolContents.AddRange(input.Raw.Select(b => b != 0)); break;
            case "UINT8": contents.UintContents.AddRange(input.Raw.Select(b => (uint)b)); break;
            case "UINT16": contents.UintContents.AddRange(input.Values<ushort>().Select(v => (uint)v)); break;
            case "UINT32": contents.UintContents.AddRange(input.Values<uint>()); break;
            case "UINT64": contents.Uint64Contents.AddRange(input.Values<ulong>()); break;
            case "INT8": contents.IntContents.AddRange(input.Values<sbyte>().Select(v => (int)v)); break;
            case "INT16": contents.IntContents.AddRange(input.Values<short>().Select(v => (int)v)); break;
            case "INT32": contents.IntContents.AddRange(input.Values<int>()); break;
            case "INT64": contents.Int64Contents.AddRange(input.Values<long>()); break;
            case "FP64": contents.Fp64Contents.AddRange(input.Values<double>()); break;
            case "BYTES": contents.BytesContents.AddRange(input.Elements().Select(ByteString.CopyFrom)); break;
            default: contents.Fp32Contents.AddRange(input.Values<float>()); break;
        }
    }

    protected override OipTensor Take(ModelInferResponse answer, ModelInferResponse.Types.InferOutputTensor output, int index)
    {
        Assert.Empty(answer.RawOutputContents);
        var contents = output.Contents;
        return output.Datatype == "BYTES"
            ? OipTensor.Bytes(output.Name, [.. output.Shape], [.. contents.BytesContents.Select(value => value.ToStringUtf8())])
            : new OipTensor(output.Name, output.Datatype, [.. output.Shape], Raw(output.Datatype, contents));
    }

    private static byte[] Raw(string datatype, InferTensorContents contents) => datatype switch
    {
        "BOOL" => [.. contents.BoolContents.Select(b => b ? (byte)1 : (byte)0)],
        "UINT8" => [.. contents.UintContents.Select(v => checked((byte)v))],
        "UINT16" => Bytes<ushort>([.. contents.UintContents.Select(v => checked((ushort)v))]),
        "UINT32" => Bytes<uint>([.. contents.UintContents]),
        "UINT64" => Bytes<ulong>([.. contents.Uint64Contents]),
        "INT8" => Bytes<sbyte>([.. contents.IntContents.Select(v => checked((sbyte)v))]),
        "INT16" => Bytes<short>([.. contents.IntContents.Select(v => checked((short)v))]),
        "INT32" => Bytes<int>([.. contents.IntContents]),
        "INT64" => Bytes<long>([.. contents.Int64Contents]),
        "FP32" => Bytes<float>([.. contents.Fp32Contents]),
        _ => Bytes<double>([.. contents.Fp64Contents]),
    };

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();
}
