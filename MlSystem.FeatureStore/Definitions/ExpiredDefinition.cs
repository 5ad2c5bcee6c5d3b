using System.Text.Json;

namespace MlSystem.FeatureStore.Definitions;

/// <summary>What an online read gives for a value older than its view's time to live, always with status <c>OUTSIDE_MAX_AGE</c>. Historical reads don't know it.</summary>
public sealed record ExpiredDefinition
{
    /// <summary>One of <see cref="ExpiredReturn"/>; absent: <c>flagged</c>. A plain <c>null</c>, as one writes it in YAML, is the one of that name.</summary>
    public string? Return { get; set => field = value ?? ExpiredReturn.Null; }

    /// <summary>With <c>return: default</c>: value by feature, in JSON's form of its datatype; a feature without one is null.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Defaults { get; set; }

    /// <summary>How long an expired value stays in the online store, in seconds, 0 to 3,155,760,000 (100 years); then it is gone (<c>NOT_FOUND</c>). Absent: <c>Features:OnlineKeepExpiredSeconds</c>.</summary>
    public long? KeepSeconds { get; set; }
}

/// <summary>What is given in place of an expired value.</summary>
public static class ExpiredReturn
{
    /// <summary>The value itself; its status tells that it is expired.</summary>
    public const string Flagged = "flagged";

    public const string Null = "null";

    public const string Default = "default";

    public static IReadOnlyList<string> All { get; } = [Flagged, Null, Default];
}
