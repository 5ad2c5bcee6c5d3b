namespace MlSystem.Inference.Policies;

/// <summary>How often a variant was chosen on this replica since the process began, by reason.</summary>
public sealed class VariantChoices(string endpoint, string version, string variant)
{
    private readonly long[] _counts = new long[ChoiceReasons.Count];

    public string Endpoint { get; } = endpoint;

    public string Version { get; } = version;

    public string Variant { get; } = variant;

    public long this[ChoiceReason reason] => Volatile.Read(ref _counts[(int)reason]);

    public void Add(ChoiceReason reason) => Interlocked.Increment(ref _counts[(int)reason]);
}
