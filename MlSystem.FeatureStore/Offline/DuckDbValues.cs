using DuckDB.NET.Data;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Ingestion;

namespace MlSystem.FeatureStore.Offline;

/// <summary>Values of features out of and into DuckDB.</summary>
internal static class DuckDbValues
{
    public static FeatureValue Read(DuckDBDataReader reader, int column, Datatype datatype) => reader.IsDBNull(column) ? FeatureValue.Missing : datatype switch
    {
        Datatype.Bool => FeatureValue.Of(reader.GetBoolean(column)),
        Datatype.Int32 => FeatureValue.Of((long)reader.GetInt32(column)),
        Datatype.Int64 or Datatype.Timestamp => FeatureValue.Of(reader.GetInt64(column)),
        Datatype.Fp32 => FeatureValue.Of((double)reader.GetFloat(column)),
        Datatype.Fp64 => FeatureValue.Of(reader.GetDouble(column)),
        Datatype.Bytes => FeatureValue.Of(reader.GetString(column)),
        Datatype.Int32List => FeatureValue.Of(reader.GetFieldValue<List<int>>(column).ToArray()),
        Datatype.Int64List => FeatureValue.Of(reader.GetFieldValue<List<long>>(column).ToArray()),
        Datatype.Fp32List => FeatureValue.Of(reader.GetFieldValue<List<float>>(column).ToArray()),
        Datatype.Fp64List => FeatureValue.Of(reader.GetFieldValue<List<double>>(column).ToArray()),
        _ => FeatureValue.Of(reader.GetFieldValue<List<string>>(column).ToArray()),
    };

    public static void Append(IDuckDBAppenderRow row, Datatype datatype, in FeatureValue value) => _ = !value.HasValue ? row.AppendNullValue() : datatype switch
    {
        Datatype.Bool => row.AppendValue((bool?)value.AsBool),
        Datatype.Int32 => row.AppendValue((int?)value.AsInt32),
        Datatype.Int64 or Datatype.Timestamp => row.AppendValue((long?)value.AsInt64),
        Datatype.Fp32 => row.AppendValue((float?)value.AsFp32),
        Datatype.Fp64 => row.AppendValue((double?)value.AsFp64),
        Datatype.Bytes => row.AppendValue(value.Text),
        Datatype.Int32List => row.AppendValue((IEnumerable<int>)value.List!),
        Datatype.Int64List => row.AppendValue((IEnumerable<long>)value.List!),
        Datatype.Fp32List => row.AppendValue((IEnumerable<float>)value.List!),
        Datatype.Fp64List => row.AppendValue((IEnumerable<double>)value.List!),
        _ => row.AppendValue((IEnumerable<string>)value.List!),
    };
}
