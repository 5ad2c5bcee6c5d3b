using Microsoft.ML.OnnxRuntime;
using MlSystem.Contracts;

namespace MlSystem.Registry.Validation;

/// <summary>Predicts one row of ordinary values and, where inputs may be missing, one row without them.</summary>
internal static class ProbeRow
{
    public static string? Problem(InferenceSession session, ModelSignature signature) =>
        Predict(session, signature, missing: false)
        ?? (signature.Inputs.Any(i => i.Nullable) ? Predict(session, signature, missing: true) : null);

    private static string? Predict(InferenceSession session, ModelSignature signature, bool missing)
    {
        var inputs = signature.Inputs.ToDictionary(i => i.Name, i => Value(i, missing && i.Nullable), StringComparer.Ordinal);
        try
        {
            using var options = new RunOptions();
            using var outputs = session.Run(options, inputs, [.. signature.Outputs.Select(o => o.Name)]);
            for (var i = 0; i < signature.Outputs.Count; i++)
            {
                if (Problem(signature.Outputs[i], outputs[i]) is { } problem)
                {
                    return problem;
                }
            }

            return null;
        }
        catch (OnnxRuntimeException error)
        {
            return $"predicting {(missing ? "a row with missing values" : "a probe row")} failed: {error.Message}";
        }
        finally
        {
            foreach (var input in inputs.Values)
            {
                input.Dispose();
            }
        }
    }

    private static string? Problem(TensorSpec spec, OrtValue value)
    {
        if (!value.IsTensor)
        {
            return $"output '{spec.Name}' is no tensor";
        }

        var shape = value.GetTensorTypeAndShape().Shape;
        return spec.Shape.Count == shape.Length && spec.Shape.Zip(shape).All(d => d.First < 0 || d.First == d.Second)
            ? null
            : $"output '{spec.Name}' of a probe row has shape [{string.Join(", ", shape)}], in the signature [{string.Join(", ", spec.Shape)}]";
    }

    private static OrtValue Value(TensorSpec spec, bool missing)
    {
        long[] shape = [.. spec.Shape.Select(d => d < 0 ? 1 : d)];
        var count = checked((int)shape.Aggregate(1L, (product, d) => checked(product * d)));
        return spec.Datatype switch
        {
            "BYTES" => Text(spec, shape, count, missing),
            "BOOL" => Filled(count, false, shape),
            "UINT8" => Filled<byte>(count, 0, shape),
            "UINT16" => Filled<ushort>(count, 0, shape),
            "UINT32" => Filled(count, 0u, shape),
            "UINT64" => Filled(count, 0ul, shape),
            "INT8" => Filled<sbyte>(count, 0, shape),
            "INT16" => Filled<short>(count, 0, shape),
            "INT32" => Filled(count, 0, shape),
            "INT64" => Filled(count, 0L, shape),
            "FP16" => Filled(count, new Float16(missing ? (ushort)0x7E00 : (ushort)0), shape),
            "FP32" => Filled(count, missing ? float.NaN : 0f, shape),
            _ => Filled(count, missing ? double.NaN : 0d, shape),
        };
    }

    private static OrtValue Filled<T>(int count, T value, long[] shape)
        where T : unmanaged
    {
        var data = new T[count];
        Array.Fill(data, value);
        return OrtValue.CreateTensorValueFromMemory(data, shape);
    }

    private static OrtValue Text(TensorSpec spec, long[] shape, int count, bool missing)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        for (var i = 0; i < count; i++)
        {
            value.StringTensorSetElementAt(missing ? "" : spec.Categories is { Count: > 0 } categories ? categories[0] : "", i);
        }

        return value;
    }
}
