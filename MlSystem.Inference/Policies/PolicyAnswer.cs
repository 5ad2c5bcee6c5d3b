using System.Text.Json.Serialization;

namespace MlSystem.Inference.Policies;

/// <summary><c>GET /v2/models/{m}/policy</c>: how this replica chooses among an endpoint's variants.</summary>
public sealed record PolicyAnswer
{
    public required string Endpoint { get; init; }

    /// <summary>The revision that is served.</summary>
    public required long Revision { get; init; }

    /// <summary>The registry's newest revision; differs while its versions load or when it can't be served.</summary>
    public required long WantedRevision { get; init; }

    /// <summary><c>static</c>, <c>sticky</c> or <c>bandit</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Sticky: what keeps a caller on its variant.</summary>
    public string? Key { get; init; }

    /// <summary>Bandit: <c>thompson</c>, <c>ucb1</c> or <c>epsilon_greedy</c>.</summary>
    public string? Algorithm { get; init; }

    /// <summary>Epsilon-greedy: share of requests that explore, 0 to 1.</summary>
    public double? Epsilon { get; init; }

    /// <summary>Bandit: what is maximised.</summary>
    public string? Metric { get; init; }

    /// <summary>Why the policy does not do what it is meant to, though requests are served.</summary>
    public string? Problem { get; init; }

    /// <summary>How many of this replica's last choices under this revision <see cref="PolicyVariant.RecentShare"/> is of, at most 1,000.</summary>
    public required int RecentChoices { get; init; }

    public required IReadOnlyList<PolicyVariant> Variants { get; init; }
}

/// <summary>One variant of the revision that is served.</summary>
public sealed record PolicyVariant
{
    public required string Name { get; init; }

    public required string Model { get; init; }

    public required int Version { get; init; }

    /// <summary><c>live</c> or <c>shadow</c>.</summary>
    public required string Role { get; init; }

    public required double Weight { get; init; }

    /// <summary>Whether its version is resident and takes part.</summary>
    public required bool Served { get; init; }

    /// <summary>The last four hexadecimal digits of the request ids that it answered.</summary>
    public required string Tag { get; init; }

    /// <summary>Live: choices on this replica since the process began, by reason.</summary>
    public IReadOnlyDictionary<string, long>? Choices { get; init; }

    /// <summary>Live: its share of the last choices on this replica under this revision, 0 to 1.</summary>
    public double? RecentShare { get; init; }

    /// <summary>Bandit: predictions of the variant that were rewarded, on whatever replica.</summary>
    public long? Pulls { get; init; }

    /// <summary>Bandit: their mean reward, 0 to 1; absent before the first.</summary>
    public double? MeanReward { get; init; }

    /// <summary>Bandit: the Beta posterior of the mean reward.</summary>
    public PolicyPosterior? Posterior { get; init; }

    /// <summary>UCB1: upper confidence bound of the mean reward; absent until every variant has a reward.</summary>
    public double? UpperBound { get; init; }

    /// <summary>Shadow: what became of its copies on this replica since the process began.</summary>
    public PolicyShadow? Shadow { get; init; }
}

/// <summary>Beta(α, β).</summary>
public sealed record PolicyPosterior(double Alpha, double Beta);

/// <summary>A shadow's copies.</summary>
public sealed record PolicyShadow
{
    /// <summary>Copies that it answered.</summary>
    public required long Mirrored { get; init; }

    /// <summary>Copies that it should have got and did not.</summary>
    public required long Dropped { get; init; }

    /// <summary>Copies that it failed on.</summary>
    public required long Failed { get; init; }

    /// <summary>Rows of which both answers could be compared.</summary>
    public required long ComparedRows { get; init; }

    /// <summary>Share of the compared rows whose labels differ, 0 to 1; absent where no labels were compared.</summary>
    public double? LabelDisagreement { get; init; }

    /// <summary>Mean |live − shadow| over the compared rows; absent where no numbers were compared.</summary>
    public double? MeanAbsoluteDifference { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PolicyAnswer))]
internal sealed partial class PolicyJson : JsonSerializerContext;
