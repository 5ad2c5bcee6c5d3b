using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using MlSystem.FeatureStore.Definitions;
using MlSystem.FeatureStore.Feast;

namespace MlSystem.FeatureStore.Online;

/// <summary>
/// Plans by the bytes of what a request asks for: most requests ask for the same. They are forgotten with the catalog that they were
/// made by, and when there are too many.
/// </summary>
public sealed class OnlinePlans(CatalogStore catalog)
{
    private const int MaxPlans = 1_000;

    /// <summary>Longer ones are planned every time.</summary>
    private const int MaxKeyBytes = 8_192;

    private volatile Known _known = new(Catalog.Empty);

    /// <param name="wanted">JSON: the list of references, or the name of a feature service as text.</param>
    /// <returns>Null: there is something wrong with it.</returns>
    public OnlinePlan? Find(ReadOnlySpan<byte> wanted, bool isService, bool fullNames)
    {
        var current = catalog.Current;
        var known = _known;
        if (!ReferenceEquals(known.Catalog, current))
        {
            _known = known = new Known(current);
        }

        var plans = known.Of(isService, fullNames);
        var lookup = plans.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(wanted, out var plan))
        {
            return plan;
        }

        plan = Make(current, wanted, isService, fullNames);
        if (plan is not null && wanted.Length <= MaxKeyBytes)
        {
            if (plans.Count >= MaxPlans)
            {
                plans.Clear();
            }

            lookup.TryAdd(wanted, plan);
        }

        return plan;
    }

    private static OnlinePlan? Make(Catalog catalog, ReadOnlySpan<byte> wanted, bool isService, bool fullNames)
    {
        try
        {
            if (isService)
            {
                return JsonSerializer.Deserialize(wanted, FeastJson.Default.String) is { } service ? OnlinePlan.OfService(catalog, service, version: null, subset: [], fullNames) : null;
            }

            return JsonSerializer.Deserialize(wanted, FeastJson.Default.StringArray) is { } references && !references.Contains(null) ? OnlinePlan.OfReferences(catalog, references, fullNames) : null;
        }
        catch (Exception error) when (error is FeastException or JsonException)
        {
            return null;
        }
    }

    private sealed class Known(Catalog catalog)
    {
        private readonly ConcurrentDictionary<byte[], OnlinePlan>[] _plans = [New(), New(), New(), New()];

        public Catalog Catalog => catalog;

        public ConcurrentDictionary<byte[], OnlinePlan> Of(bool isService, bool fullNames) => _plans[(isService ? 1 : 0) + (fullNames ? 2 : 0)];

        private static ConcurrentDictionary<byte[], OnlinePlan> New() => new(BytesComparer.Instance);
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
