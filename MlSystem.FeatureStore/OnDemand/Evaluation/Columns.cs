using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.OnDemand.Evaluation;

/// <summary>Values of features as columns of the language, and back.</summary>
public static class Columns
{
    /// <summary>Exact: what a datatype holds its type holds too.</summary>
    public static Vector Read(Datatype datatype, ReadOnlySpan<FeatureValue> values) => datatype switch
    {
        Datatype.Bool => Read(values, value => value.AsBool),
        Datatype.Int32 or Datatype.Int64 => Read(values, value => value.AsInt64),
        Datatype.Fp32 => Read(values, value => (double)value.AsFp32),
        Datatype.Fp64 => Read(values, value => value.AsFp64),
        Datatype.Bytes => Read(values, value => value.Text!),
        Datatype.Timestamp => Read(values, value => new Moment(value.AsInt64)),
        Datatype.Int32List => Read(values, value => Array.ConvertAll((int[])value.List!, element => (long)element)),
        Datatype.Int64List => Read(values, value => (long[])value.List!),
        Datatype.Fp32List => Read(values, value => Array.ConvertAll((float[])value.List!, element => (double)element)),
        Datatype.Fp64List => Read(values, value => (double[])value.List!),
        _ => Read(values, value => (string[])value.List!),
    };

    /// <summary>FP32 is rounded to the nearest; what INT32 or FP32 can't hold is missing.</summary>
    public static FeatureValue[] Write(Datatype datatype, Vector vector) => datatype switch
    {
        Datatype.Bool => Write<bool>(vector, value => FeatureValue.Of(value)),
        Datatype.Int32 => Write<long>(vector, value => value is >= int.MinValue and <= int.MaxValue ? FeatureValue.Of(value) : FeatureValue.Missing),
        Datatype.Int64 => Write<long>(vector, FeatureValue.Of),
        Datatype.Fp32 => Write<double>(vector, value => float.IsFinite((float)value) ? FeatureValue.Of((double)(float)value) : FeatureValue.Missing),
        Datatype.Fp64 => Write<double>(vector, FeatureValue.Of),
        Datatype.Bytes => Write<string>(vector, FeatureValue.Of),
        Datatype.Timestamp => Write<Moment>(vector, value => FeatureValue.Of(value.Us)),
        Datatype.Int32List => Write<long[]>(vector, list => Array.TrueForAll(list, value => value is >= int.MinValue and <= int.MaxValue)
            ? FeatureValue.Of(Array.ConvertAll(list, value => (int)value)) : FeatureValue.Missing),
        Datatype.Fp32List => Write<double[]>(vector, list => Array.TrueForAll(list, value => float.IsFinite((float)value))
            ? FeatureValue.Of(Array.ConvertAll(list, value => (float)value)) : FeatureValue.Missing),
        Datatype.Int64List => Write<long[]>(vector, FeatureValue.Of),
        Datatype.Fp64List => Write<double[]>(vector, FeatureValue.Of),
        _ => Write<string[]>(vector, FeatureValue.Of),
    };

    private static Vector<T> Read<T>(ReadOnlySpan<FeatureValue> source, Func<FeatureValue, T> read)
    {
        var (values, valid) = (new T[source.Length], new bool[source.Length]);
        for (var i = 0; i < source.Length; i++)
        {
            if (valid[i] = source[i].HasValue)
            {
                values[i] = read(source[i]);
            }
        }

        return new Vector<T>(values, valid);
    }

    private static FeatureValue[] Write<T>(Vector vector, Func<T, FeatureValue> write)
    {
        var source = (Vector<T>)vector;
        var values = new FeatureValue[source.Rows];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = source.Valid[i] ? write(source.Values[i]) : FeatureValue.Missing;
        }

        return values;
    }
}
