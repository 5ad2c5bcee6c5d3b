using System.Text.Json;
using System.Text.Unicode;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Reads the protocol's inference request, JSON with or without binary data behind it, into a call's tensors.</summary>
internal ref struct InferRequestReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly ReadOnlySpan<byte> _binary;
    private readonly InferenceCall _call;
    private Utf8JsonReader _json;
    private int _binaryUsed;
    private int _nextInput;

    private InferRequestReader(ReadOnlySpan<byte> body, int jsonLength, InferenceCall call)
    {
        _body = body[..jsonLength];
        _binary = body[jsonLength..];
        _call = call;
        _json = new Utf8JsonReader(_body, isFinalBlock: true, state: default);
    }

    /// <param name="jsonLength">Length of the JSON part where binary data follows it; null when there is none.</param>
    /// <exception cref="InferenceException">What is wrong, where, and what is allowed.</exception>
    public static void Read(ReadOnlySpan<byte> body, int? jsonLength, InferenceCall call)
    {
        if (jsonLength > body.Length)
        {
            throw InferenceException.Invalid($"Inference-Header-Content-Length is {jsonLength}, the body has {body.Length} bytes");
        }

        if (jsonLength is null && PlainJsonReader.TryRead(body, call))
        {
            return;
        }

        ReadStrictly(body, jsonLength ?? body.Length, call);
    }

    /// <summary>The reading that decides what is accepted, whatever the request's form.</summary>
    internal static void ReadStrictly(ReadOnlySpan<byte> body, int jsonLength, InferenceCall call)
    {
        var reader = new InferRequestReader(body, jsonLength, call);
        try
        {
            if (!Utf8.IsValid(reader._body))
            {
                throw InferenceException.Invalid("malformed JSON: the text is not UTF-8");
            }

            reader.ReadRequest();
        }
        catch (JsonException error)
        {
            throw new InferenceException(FaultKind.InvalidArgument, JsonFault.Describe(error), error);
        }
        catch (InvalidOperationException error)
        {
            // Utf8JsonReader's way of saying that an escaped string is not text: a lone surrogate.
            throw new InferenceException(FaultKind.InvalidArgument, $"malformed JSON near byte {reader._json.TokenStartIndex}: a string has an invalid escape", error);
        }
    }

    private void ReadRequest()
    {
        _json.Read();
        Expect(JsonTokenType.StartObject, "the request");
        var inputs = false;
        var outputs = false;
        while (NextProperty())
        {
            if (_json.ValueTextEquals("inputs"u8) && !inputs)
            {
                inputs = true;
                ReadInputs();
            }
            else if (_json.ValueTextEquals("id"u8))
            {
                _json.Read();
                Expect(JsonTokenType.String, "id");
                _call.ClientId = _json.GetString();
            }
            else if (_json.ValueTextEquals("parameters"u8))
            {
                RequestParameters.Read(ref _json, _call);
            }
            else if (_json.ValueTextEquals("outputs"u8) && !outputs)
            {
                outputs = true;
                ReadOutputs();
            }
            else
            {
                throw InferenceException.Invalid($"the field '{_json.GetString()}' is unknown or given twice; a request has id, parameters, inputs and outputs");
            }
        }

        _json.Read();
        if (!inputs)
        {
            throw InferenceException.Invalid("the request has no inputs");
        }

        if (_binaryUsed != _binary.Length)
        {
            throw InferenceException.Invalid($"{_binary.Length} bytes of binary data follow the JSON, its inputs take {_binaryUsed}");
        }
    }

    private void ReadInputs()
    {
        _json.Read();
        Expect(JsonTokenType.StartArray, "inputs");
        for (var index = 0; _json.Read() && _json.TokenType != JsonTokenType.EndArray; index++)
        {
            Expect(JsonTokenType.StartObject, "an input");
            ReadInput(index);
        }
    }

    private void ReadInput(int index)
    {
        var input = default(InputFields);
        while (NextProperty())
        {
            if (_json.ValueTextEquals("name"u8))
            {
                _json.Read();
                Expect(JsonTokenType.String, "an input's name");
                input.Target = Find();
            }
            else if (_json.ValueTextEquals("shape"u8))
            {
                ReadShape(ref input);
            }
            else if (_json.ValueTextEquals("datatype"u8))
            {
                _json.Read();
                Expect(JsonTokenType.String, "an input's datatype");
                input.Datatype = _json.ValueSpan;
            }
            else if (_json.ValueTextEquals("data"u8))
            {
                _json.Read();
                ReadOrDeferData(ref input);
            }
            else if (_json.ValueTextEquals("parameters"u8))
            {
                input.BinarySize = InputParameters.Read(ref _json);
            }
            else
            {
                throw InferenceException.Invalid($"inputs[{index}]: the field '{_json.GetString()}' is unknown; an input has name, shape, datatype, parameters and data");
            }
        }

        Complete(ref input, index);
    }

    private void ReadOrDeferData(ref InputFields input)
    {
        if (input.IsData)
        {
            throw InferenceException.Invalid("an input has data twice");
        }

        input.IsData = true;
        if (input.IsDescribed)
        {
            // The usual order: the elements go from the text straight into the tensor.
            input.Prepare(_body.Length);
            JsonTensorReader.Read(ref _json, input.Target!, input.Shape);
        }
        else
        {
            input.Deferred = _json;
            input.IsDeferred = true;
            _json.Skip();
        }
    }

    private void Complete(ref InputFields input, int index)
    {
        if (!input.IsDescribed)
        {
            var absent = input.Target is null ? "name" : input.IsShape ? "datatype" : "shape";
            throw InferenceException.Invalid($"inputs[{index}]{(input.Target is null ? "" : $" ('{input.Target.Info.Name}')")} has no {absent}");
        }

        if (input.BinarySize is { } size)
        {
            ReadBinary(ref input, size);
        }
        else if (input.IsDeferred)
        {
            input.Prepare(_body.Length);
            JsonTensorReader.Read(ref input.Deferred, input.Target!, input.Shape);
        }
        else if (!input.IsData)
        {
            throw InferenceException.Invalid($"input '{input.Target!.Info.Name}' has neither data nor binary_data_size");
        }
    }

    private void ReadBinary(ref InputFields input, int size)
    {
        var name = input.Target!.Info.Name;
        if (input.IsData)
        {
            throw InferenceException.Invalid($"input '{name}' has both data and binary_data_size");
        }

        if (size > _binary.Length - _binaryUsed)
        {
            throw InferenceException.Invalid($"input '{name}': binary_data_size is {size}, {_binary.Length - _binaryUsed} bytes of binary data are left behind the JSON (its length goes into the header Inference-Header-Content-Length)");
        }

        input.Prepare(BinaryTensors.Capacity(input.Target.Info.Datatype, size));
        BinaryTensors.Read(input.Target!, _binary.Slice(_binaryUsed, size));
        _binaryUsed += size;
    }

    private void ReadShape(ref InputFields input)
    {
        _json.Read();
        Expect(JsonTokenType.StartArray, "an input's shape");
        input.Rank = 0;
        input.IsShape = true;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt64(out var dimension))
            {
                throw InferenceException.Invalid($"a shape is a list of whole numbers up to {long.MaxValue}{Position()}");
            }

            if (input.Rank == TensorShape.MaxRank)
            {
                throw InferenceException.Invalid($"a shape has at most {TensorShape.MaxRank} dimensions{Position()}");
            }

            input.Dimensions[input.Rank++] = dimension;
        }
    }

    private void ReadOutputs()
    {
        _json.Read();
        Expect(JsonTokenType.StartArray, "outputs");
        var requested = new List<(string Name, bool? Binary)>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            Expect(JsonTokenType.StartObject, "an output");
            requested.Add(RequestedOutputs.Read(ref _json));
        }

        RequestedOutputs.Select(_call, requested);
    }

    /// <summary>Clients send inputs in the model's order, so the next one is tried before all others.</summary>
    private Tensor Find()
    {
        var inputs = _call.Tensors.Inputs;
        if (_nextInput < inputs.Length && _json.ValueTextEquals(inputs[_nextInput].Info.Utf8Name))
        {
            return inputs[_nextInput++];
        }

        var name = _json.GetString()!;
        var index = Array.FindIndex(inputs, input => input.Info.Name == name);
        if (index >= 0)
        {
            _nextInput = index + 1;
            return inputs[index];
        }

        return Array.Find(_call.Tensors.JoinKeys, key => key.Info.Name == name) ?? throw InferenceException.Invalid(CallInputs.Unknown(_call, name));
    }

    private bool NextProperty() => _json.Read() && _json.TokenType == JsonTokenType.PropertyName;

    private readonly void Expect(JsonTokenType type, string what)
    {
        if (_json.TokenType != type)
        {
            var wanted = type switch { JsonTokenType.StartObject => "an object", JsonTokenType.StartArray => "an array", _ => "a string" };
            throw InferenceException.Invalid($"{what} must be {wanted}{Position()}");
        }
    }

    private readonly string Position() => $" (at byte {_json.TokenStartIndex})";
}
