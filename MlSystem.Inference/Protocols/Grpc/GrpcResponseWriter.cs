using Google.Protobuf;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>Makes a <see cref="ModelInferResponse"/> of an answered call.</summary>
internal static class GrpcResponseWriter
{
    /// <param name="raw">Whether the request came with raw contents: the answer then does, too. FP16 outputs have no other form.</param>
    public static ModelInferResponse Write(InferenceCall call, bool raw)
    {
        var response = new ModelInferResponse
        {
            ModelName = call.Route.Name,
            ModelVersion = call.Variant.Version.VersionText,
            Id = call.ClientId ?? "",
            Parameters =
            {
                ["request_id"] = new InferParameter { StringParam = call.RequestId },
                ["variant"] = new InferParameter { StringParam = call.Variant.Name },
            },
        };
        if (call.OldestFeatureAgeSeconds is { } age)
        {
            response.Parameters["oldest_feature_age_seconds"] = new InferParameter { DoubleParam = age };
        }

        if (call.FeaturesMissing > 0)
        {
            response.Parameters["features_missing"] = new InferParameter { Int64Param = call.FeaturesMissing };
        }

        if (call.FeaturesDefaulted.Count > 0)
        {
            response.Parameters["features_defaulted"] = new InferParameter { StringParam = string.Join(',', call.FeaturesDefaulted) };
        }

        if (call.FromCache)
        {
            response.Parameters["cache"] = new InferParameter { StringParam = "hit" };
        }

        if (call.EntitiesNotFound > 0)
        {
            response.Parameters["entities_not_found"] = new InferParameter { Int64Param = call.EntitiesNotFound };
        }

        if (call.Tensors.MembersDropped is { Count: > 0 } dropped)
        {
            response.Parameters["members_dropped"] = new InferParameter { StringParam = string.Join(',', dropped) };
        }

        for (var i = 0; i < call.OutputCount && !raw; i++)
        {
            raw = call.Tensors.Outputs[call.Output(i).Index].Info.Datatype == Datatype.Fp16;
        }

        for (var i = 0; i < call.OutputCount; i++)
        {
            Add(response, call.Tensors.Outputs[call.Output(i).Index], raw);
        }

        return response;
    }

    private static void Add(ModelInferResponse response, Tensor tensor, bool raw)
    {
        var output = new ModelInferResponse.Types.InferOutputTensor { Name = tensor.Info.Name, Datatype = tensor.Info.Datatype.Name() };
        output.Shape.AddRange(tensor.Shape);
        response.Outputs.Add(output);
        if (!raw)
        {
            output.Contents = GrpcTensors.Write(tensor);
        }
        else if (tensor.Info.Datatype == Datatype.Bytes)
        {
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            BinaryTensors.Write(tensor, buffer);
            response.RawOutputContents.Add(ByteString.CopyFrom(buffer.WrittenSpan));
        }
        else
        {
            response.RawOutputContents.Add(ByteString.CopyFrom(tensor.Raw));
        }
    }
}
