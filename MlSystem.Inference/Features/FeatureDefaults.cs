using System.Text;
using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>The values that an endpoint gives for features that a look-up does not bring.</summary>
internal static class FeatureDefaults
{
    /// <summary>Why a default does not fit the version's input of that name; null when all do.</summary>
    public static string? Problem(EndpointFeatures features, IModelRuntime runtime)
    {
        foreach (var (name, value) in features.Defaults)
        {
            if (runtime.Inputs.FirstOrDefault(input => input.Name == name) is { } info && Problem(info, value) is { } problem)
            {
                return $"features.defaults.{name}: {problem}";
            }
        }

        return null;
    }

    /// <summary>Puts the endpoint's default into a row; false when it has none for the input.</summary>
    public static bool TrySet(EndpointFeatures features, Tensor input, int row)
    {
        if (!features.Defaults.TryGetValue(input.Info.Name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return false;
        }

        Set(input, row, value);
        return true;
    }

    private static string? Problem(TensorInfo info, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return info.Nullable && info.Datatype.CanBeMissing() ? null : "null, but the input must have a value";
        }

        if (!info.IsColumn)
        {
            return $"only columns are looked up, the input's shape is {TensorShape.Text(info.Shape)}";
        }

        var fits = info.Datatype switch
        {
            Datatype.Bytes => value.ValueKind == JsonValueKind.String,
            Datatype.Bool => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64 => value.ValueKind == JsonValueKind.Number,
            _ => value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && decimal.IsInteger(number),
        };
        return fits ? OutOfRange(info, value) : $"{value.GetRawText()} is not a value of {info.Datatype.Name()}";
    }

    private static string? OutOfRange(TensorInfo info, JsonElement value)
    {
        using var probe = new Tensor(info);
        probe.Resize([.. info.Shape.Select(_ => 1L)], 1);
        try
        {
            Set(probe, 0, value);
            return null;
        }
        catch (Exception error) when (error is InferenceException or FormatException or OverflowException)
        {
            return $"{value.GetRawText()} is not in the range of {info.Datatype.Name()}";
        }
    }

    private static void Set(Tensor input, int row, JsonElement value)
    {
        switch (input.Info.Datatype)
        {
            case Datatype.Bytes: input.SetBytes(row, Encoding.UTF8.GetBytes(value.GetString()!)); break;
            case Datatype.Bool: NumericTensors.Set(input, row, value.GetBoolean() ? 1 : 0); break;
            case Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64: NumericTensors.Set(input, row, value.GetDouble()); break;
            default: NumericTensors.Set(input, row, value.GetDecimal()); break;
        }
    }
}
