using Google.Protobuf;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>Columns that come with a request for the look-up: join keys, and what computed features come from.</summary>
internal static class LookupColumns
{
    /// <summary>What a request may bring besides the model's inputs, join keys first.</summary>
    public static IReadOnlyList<TensorSpec> Of(ModelLineage? lineage) => lineage?.FeatureService is null ? []
        : [.. lineage.JoinKeys, .. lineage.RequestColumns.Where(column => !IsJoinKey(lineage, column.Name))];

    public static bool IsJoinKey(ModelLineage lineage, string name) => lineage.JoinKeys.Any(key => key.Name == name);

    /// <summary>The request columns that the request has, be they inputs of the model too. Those that a computed feature lacks the feature store names.</summary>
    public static IEnumerable<RequestColumn> Request(TensorSet tensors, ModelLineage lineage)
    {
        foreach (var column in lineage.RequestColumns)
        {
            if ((Present(tensors.Inputs, column.Name) ?? Present(tensors.JoinKeys, column.Name)) is { } tensor)
            {
                yield return tensor.Info.IsColumn ? Scalars(tensor) : Lists(tensor);
            }
        }
    }

    private static Tensor? Present(Tensor[] tensors, string name) => Array.Find(tensors, tensor => tensor.IsPresent && tensor.Info.Name == name);

    /// <summary>A missing text is the empty one, a missing number NaN, as everywhere in the protocol.</summary>
    private static RequestColumn Scalars(Tensor tensor)
    {
        var column = new RequestColumn { Values = FeatureColumns.FromJoinKey(tensor) };
        if (tensor.Info.Datatype == Datatype.Bytes)
        {
            column.Nulls.AddRange(column.Values.Bytes.Values.Select(text => text.IsEmpty));
        }

        return column;
    }

    private static RequestColumn Lists(Tensor tensor)
    {
        var lists = new ListValues();
        var width = tensor.Count / (int)Math.Max(tensor.Rows, 1);
        lists.Lengths.AddRange(Enumerable.Repeat(width, (int)tensor.Rows));
        switch (tensor.Info.Datatype)
        {
            case Datatype.Bytes:
                lists.Bytes = new BytesValues { Values = { Enumerable.Range(0, tensor.Count).Select(i => ByteString.CopyFrom(tensor.GetBytes(i))) } };
                break;
            case Datatype.Int32:
                lists.Int32S = new Int32Values { Values = { tensor.Values<int>().ToArray() } };
                break;
            case Datatype.Int64:
                lists.Int64S = new Int64Values { Values = { tensor.Values<long>().ToArray() } };
                break;
            case Datatype.Fp32:
                lists.Fp32S = new FloatValues { Values = { tensor.Values<float>().ToArray() } };
                break;
            case Datatype.Fp64:
                lists.Fp64S = new DoubleValues { Values = { tensor.Values<double>().ToArray() } };
                break;
            default:
                throw InferenceException.Invalid($"request column '{tensor.Info.Name}': lists of {tensor.Info.Datatype.Name()} are not known to the feature store");
        }

        return new RequestColumn { Values = new Column { Name = tensor.Info.Name, Lists = lists } };
    }
}
