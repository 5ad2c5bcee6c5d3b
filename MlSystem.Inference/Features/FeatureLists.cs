using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>
/// Looked-up lists as an input of shape <c>[N, K]</c>. The last K elements of a list count, a shorter one is padded behind with 0 or
/// empty text; where K is dynamic it is the length of the longest list, at least 1. A list that is not there is an empty one.
/// </summary>
internal static class FeatureLists
{
    /// <summary>Whether an input takes lists.</summary>
    public static bool Fits(TensorInfo input) => input.HasRows && input.Shape.Length == 2 && !input.IsColumn;

    /// <exception cref="InferenceException">The feature is no list of the input's datatype, or the endpoint refuses an absent one.</exception>
    public static void Copy(FeatureColumn column, Tensor input, int rows, MissingValues missing)
    {
        var lists = column.Values?.Lists ?? throw InferenceException.Invalid($"absent input '{input.Info.Name}' has the shape {TensorShape.Text(input.Info.Shape)}, the feature of that name is {column.Datatype}, no list");
        if (lists.Lengths.Count != rows || column.Statuses.Count != rows)
        {
            throw InferenceException.Unavailable($"the feature store gave {lists.Lengths.Count} rows of '{column.Name}' for {rows} entities");
        }

        CheckDatatype(input, lists);
        var width = Shape(input, rows, lists.Lengths.Max());
        var start = 0;
        for (var row = 0; row < rows; row++)
        {
            var length = lists.Lengths[row];
            if (column.Statuses[row] == FeatureStatus.Present)
            {
                var taken = Math.Min(length, width);
                Fill(input, row * width, width, lists, start + length - taken, taken);
            }
            else
            {
                missing.CheckList(input, row, column.Statuses[row], column.FeatureView);
                Fill(input, row * width, width, lists, 0, 0);
            }

            start += length;
        }
    }

    /// <summary>Empty lists for all rows.</summary>
    public static void Empty(Tensor input, int rows)
    {
        var width = Shape(input, rows, 1);
        Fill(input, 0, rows * width, new ListValues(), 0, 0);
    }

    /// <returns>Elements a row.</returns>
    private static int Shape(Tensor input, int rows, int longest)
    {
        var width = input.Info.Shape[1] >= 0 ? input.Info.Shape[1] : Math.Max(longest, 1);
        Span<long> shape = [rows, width];
        TensorShape.Apply(input, shape, available: rows * width);
        return (int)width;
    }

    private static void CheckDatatype(Tensor input, ListValues lists)
    {
        var isText = lists.ElementsCase == ListValues.ElementsOneofCase.Bytes;
        if (isText != (input.Info.Datatype == Datatype.Bytes))
        {
            throw InferenceException.Invalid($"absent input '{input.Info.Name}' is {input.Info.Datatype.Name()}, the feature of that name has lists of {lists.ElementsCase}");
        }
    }

    private static void Fill(Tensor input, int index, int width, ListValues lists, int start, int count)
    {
        for (var i = 0; i < width; i++)
        {
            Set(input, index + i, lists, i < count ? start + i : -1);
        }
    }

    /// <param name="element">-1: padding.</param>
    private static void Set(Tensor input, int index, ListValues lists, int element)
    {
        if (input.Info.Datatype == Datatype.Bytes)
        {
            input.SetBytes(index, element < 0 ? [] : lists.Bytes.Values[element].Span);
            return;
        }

        switch (element < 0 ? ListValues.ElementsOneofCase.None : lists.ElementsCase)
        {
            case ListValues.ElementsOneofCase.Int32S: NumericTensors.Set(input, index, lists.Int32S.Values[element]); break;
            case ListValues.ElementsOneofCase.Int64S: NumericTensors.Set(input, index, lists.Int64S.Values[element]); break;
            case ListValues.ElementsOneofCase.Fp32S: NumericTensors.Set(input, index, lists.Fp32S.Values[element]); break;
            case ListValues.ElementsOneofCase.Fp64S: NumericTensors.Set(input, index, lists.Fp64S.Values[element]); break;
            default: NumericTensors.Set(input, index, 0); break;
        }
    }
}
