using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Policies;

/// <summary>
/// All inputs, join keys and outputs of variants that differ in them: what a request is read into while an input has yet to
/// choose the variant. Where two differ in a tensor's datatype the first counts, where they differ in a dimension it is open,
/// and a missing value is accepted where all accept it.
/// </summary>
public sealed class MergedInputs
{
    private MergedInputs(IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs, IReadOnlyList<TensorInfo> joinKeys) =>
        (Inputs, Outputs, JoinKeys) = (inputs, outputs, joinKeys);

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    public IReadOnlyList<TensorInfo> JoinKeys { get; }

    /// <summary>Null where all variants take and give the same, so that any one's own tensors do.</summary>
    public static MergedInputs? Of(IReadOnlyList<RoutedVariant> variants)
    {
        var runtimes = variants.Select(variant => variant.Version.Runtime).ToList();
        if (runtimes.TrueForAll(runtime => Same(runtime.Inputs, runtimes[0].Inputs) && Same(runtime.JoinKeys, runtimes[0].JoinKeys) && Same(runtime.Outputs, runtimes[0].Outputs)))
        {
            return null;
        }

        var inputs = Merge(runtimes.SelectMany(runtime => runtime.Inputs));
        var names = inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        return new MergedInputs(
            inputs,
            Merge(runtimes.SelectMany(runtime => runtime.Outputs)),
            [.. Merge(runtimes.SelectMany(runtime => runtime.JoinKeys)).Where(key => !names.Contains(key.Name))]);
    }

    /// <summary>Tensors for one request; freed, not pooled.</summary>
    public TensorSet Rent() => new MergedTensors(this);

    private static bool Same(IReadOnlyList<TensorInfo> one, IReadOnlyList<TensorInfo> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => Same(pair.First, pair.Second));

    private static bool Same(TensorInfo one, TensorInfo other) =>
        one.Name == other.Name && one.Datatype == other.Datatype && one.Nullable == other.Nullable && one.Shape.AsSpan().SequenceEqual(other.Shape);

    private static List<TensorInfo> Merge(IEnumerable<TensorInfo> tensors) => [.. tensors.GroupBy(tensor => tensor.Name, StringComparer.Ordinal).Select(Merge)];

    private static TensorInfo Merge(IGrouping<string, TensorInfo> same)
    {
        var first = same.First();
        var shape = first.Shape.Select((dimension, i) => same.All(other => i < other.Shape.Length && other.Shape[i] == dimension) ? dimension : -1);
        return new TensorInfo(first.Name, first.Datatype, [.. shape], same.All(tensor => tensor.Nullable));
    }

    private sealed class MergedTensors(MergedInputs merged) : TensorSet(merged.Inputs, merged.Outputs, merged.JoinKeys)
    {
        public override bool IsPooled => false;
    }
}
