using Google.Protobuf;
using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>Moves columns between the feature store's messages and tensors.</summary>
internal static class FeatureColumns
{
    public static Column FromJoinKey(Tensor key)
    {
        var column = new Column { Name = key.Info.Name };
        switch (key.Info.Datatype)
        {
            case Datatype.Bytes:
                column.Bytes = new BytesValues();
                for (var row = 0; row < key.Count; row++)
                {
                    column.Bytes.Values.Add(ByteString.CopyFrom(key.GetBytes(row)));
                }

                break;
            case Datatype.Bool:
                column.Bools = new BoolValues { Values = { key.Values<bool>().ToArray() } };
                break;
            case Datatype.Fp16 or Datatype.Fp32 or Datatype.Fp64:
                column.Fp64S = new DoubleValues { Values = { Enumerable.Range(0, key.Count).Select(row => NumericTensors.GetDouble(key, row)) } };
                break;
            default:
                column.Int64S = new Int64Values { Values = { Enumerable.Range(0, key.Count).Select(row => NumericTensors.GetInt64(key, row)) } };
                break;
        }

        return column;
    }

    /// <summary>Copies a looked-up column into an input; what takes the place of absent values decides whether they are an error.</summary>
    public static void Copy(FeatureColumn column, Tensor input, MissingValues missing)
    {
        if (column.Statuses.Count != input.Count)
        {
            throw InferenceException.Unavailable($"the feature store gave {column.Statuses.Count} rows of '{column.Name}' for {input.Count} entities");
        }

        for (var row = 0; row < input.Count; row++)
        {
            if (column.Statuses[row] == FeatureStatus.Present)
            {
                Copy(column.Values, input, row);
            }
            else
            {
                missing.Fill(input, row, column.Statuses[row], column.FeatureView);
            }
        }
    }

    private static void Copy(Column values, Tensor input, int row)
    {
        if ((input.Info.Datatype == Datatype.Bytes) != (values.ValuesCase == Column.ValuesOneofCase.Bytes))
        {
            throw InferenceException.Invalid($"absent input '{input.Info.Name}' is {input.Info.Datatype.Name()}, the feature of that name is {values.ValuesCase}");
        }

        switch (values.ValuesCase)
        {
            case Column.ValuesOneofCase.Bytes: input.SetBytes(row, values.Bytes.Values[row].Span); break;
            case Column.ValuesOneofCase.Bools: NumericTensors.Set(input, row, values.Bools.Values[row] ? 1 : 0); break;
            case Column.ValuesOneofCase.Int32S: NumericTensors.Set(input, row, values.Int32S.Values[row]); break;
            case Column.ValuesOneofCase.Int64S: NumericTensors.Set(input, row, values.Int64S.Values[row]); break;
            case Column.ValuesOneofCase.Fp32S: NumericTensors.Set(input, row, values.Fp32S.Values[row]); break;
            case Column.ValuesOneofCase.Fp64S: NumericTensors.Set(input, row, values.Fp64S.Values[row]); break;
            default: throw InferenceException.Unavailable($"the feature store gave no values of '{values.Name}'");
        }
    }
}
