using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Grpc;

/// <summary>Reads a <see cref="ModelInferRequest"/> into a call's tensors.</summary>
internal static class GrpcRequestReader
{
    /// <exception cref="InferenceException">What is wrong, where, and what is allowed.</exception>
    public static void Read(ModelInferRequest request, InferenceCall call)
    {
        call.ClientId = request.Id.Length == 0 ? null : request.Id;
        foreach (var (name, value) in request.Parameters)
        {
            ReadParameter(call, name, value);
        }

        if (request.Inputs.Count == 0)
        {
            throw InferenceException.Invalid("the request has no inputs");
        }

        if (request.RawInputContents.Count != 0 && request.RawInputContents.Count != request.Inputs.Count)
        {
            throw InferenceException.Invalid($"{request.RawInputContents.Count} raw_input_contents for {request.Inputs.Count} inputs: there must be one each, or none");
        }

        for (var i = 0; i < request.Inputs.Count; i++)
        {
            ReadInput(request, i, call);
        }

        if (request.Outputs.Count > 0)
        {
            call.Requested = [.. request.Outputs.Select(output => ReadOutput(output, call))];
        }
    }

    private static void ReadInput(ModelInferRequest request, int index, InferenceCall call)
    {
        var input = request.Inputs[index];
        var tensor = CallInputs.Find(call, input.Name);
        var info = tensor.Info;
        if (tensor.IsPresent)
        {
            throw InferenceException.Invalid($"input '{info.Name}' is given twice");
        }

        if (input.Datatype != info.Datatype.Name())
        {
            throw InferenceException.Invalid($"input '{info.Name}' is {info.Datatype.Name()}, the request has datatype '{input.Datatype}'");
        }

        if (input.Parameters.Keys.FirstOrDefault(name => !CallParameters.IsContentType(name)) is { } unknown)
        {
            throw InferenceException.Invalid($"the input parameter '{unknown}' is not supported over gRPC");
        }

        var shape = input.Shape.ToArray();
        if (request.RawInputContents.Count > 0)
        {
            var raw = request.RawInputContents[index].Span;
            if (input.Contents is not null)
            {
                throw InferenceException.Invalid($"input '{info.Name}' has contents while the request has raw_input_contents");
            }

            TensorShape.Apply(tensor, shape, BinaryTensors.Capacity(info.Datatype, raw.Length));
            BinaryTensors.Read(tensor, raw);
            return;
        }

        var count = input.Contents is null ? 0 : GrpcTensors.Count(input.Contents, info.Datatype, info.Name);
        TensorShape.Apply(tensor, shape, count);
        if (count != tensor.Count)
        {
            throw InferenceException.Invalid($"input '{info.Name}': shape {TensorShape.Text(shape)} names {tensor.Count} elements, contents have {count}");
        }

        GrpcTensors.Read(input.Contents!, tensor);
    }

    private static RequestedOutput ReadOutput(ModelInferRequest.Types.InferRequestedOutputTensor output, InferenceCall call) =>
        output.Parameters.Keys.FirstOrDefault(name => name != "binary_data") is { } unknown
            ? throw InferenceException.Invalid($"the output parameter '{unknown}' is not supported over gRPC")
            : new RequestedOutput(CallInputs.FindOutput(call, output.Name), null);

    private static void ReadParameter(InferenceCall call, string name, InferParameter value)
    {
        switch (name)
        {
            case "timeout":
                CallParameters.SetTimeout(call, Whole(name, value, CallParameters.MaxTimeoutMicroseconds));
                break;
            case "priority":
                call.Priority = Whole(name, value, long.MaxValue);
                break;
            case "binary_data_output":
                break;
            default:
                CallParameters.CheckIgnorable(name);
                break;
        }
    }

    private static long Whole(string name, InferParameter value, long max)
    {
        var number = value.ParameterChoiceCase switch
        {
            InferParameter.ParameterChoiceOneofCase.Int64Param => value.Int64Param,
            InferParameter.ParameterChoiceOneofCase.Uint64Param => (long)Math.Min(value.Uint64Param, long.MaxValue),
            _ => -1,
        };
        return number >= 0 && number <= max ? number : throw InferenceException.Invalid($"the parameter '{name}' must be a whole number from 0 to {max}");
    }
}
