using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>The tensors that a node or step can take, by name. An open one takes note of what is asked for instead: so a graph's inputs are inferred.</summary>
internal sealed class Scope
{
    private readonly Dictionary<string, TensorSpec> _tensors;
    private readonly Scope? _base;
    private readonly bool _open;

    public Scope(IEnumerable<TensorSpec> tensors, Scope? basis = null)
    {
        _tensors = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _base = basis;
    }

    private Scope()
        : this([]) => _open = true;

    public static Scope Open() => new();

    /// <summary>All tensors; of a name that is there twice the nearer one.</summary>
    public IReadOnlyCollection<TensorSpec> Tensors => _base is null ? _tensors.Values : [.. _tensors.Values, .. _base.Tensors.Where(tensor => !_tensors.ContainsKey(tensor.Name))];

    public TensorSpec? Find(string name) => _tensors.GetValueOrDefault(name) ?? _base?.Find(name);

    /// <summary>The tensor that a version's input gets.</summary>
    public TensorSpec? Take(string name, TensorSpec wanted)
    {
        if (_tensors.TryGetValue(name, out var found))
        {
            // What one consumer refuses to miss must be there.
            return _open && !wanted.Nullable ? _tensors[name] = found with { Nullable = false } : found;
        }

        return _open ? _tensors[name] = wanted with { Name = name } : _base?.Take(name, wanted);
    }
}
