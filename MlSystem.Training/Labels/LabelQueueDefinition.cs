using System.Text.Json;
using System.Text.Json.Serialization;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Labels;

/// <summary>Which predictions of an endpoint are worth labelling, and by whom they count as labelled.</summary>
public sealed record LabelQueueDefinition
{
    public required string Endpoint { get; init; }

    /// <summary>One of <see cref="LabelStrategy"/>.</summary>
    public string Strategy { get; set; } = LabelStrategy.LeastConfident;

    /// <summary>Items given out in all, 1 to 10,000,000; null: no bound.</summary>
    public int? Budget { get; init; }

    /// <summary>Candidates kept, 10 to 100,000: the most informative ones and as many drawn by chance.</summary>
    public int Candidates { get; set; } = 1000;

    /// <summary>Annotators who label an item, 1 to 25.</summary>
    public int Annotators { get; set; } = 1;

    /// <summary>Equal labels that settle it, 1 to <see cref="Annotators"/>.</summary>
    public int Agreement { get; set; } = 1;

    /// <summary>Share of the items that is drawn by chance, for an evaluation without bias, 0 to 1.</summary>
    public double RandomShare { get; set; } = 0.1;

    /// <summary>Candidates older than this leave, above 0 to 8,760 hours.</summary>
    public double ExpiryHours { get; set; } = 168;

    /// <summary>How long an item is held for an annotator, 10 to 86,400 seconds.</summary>
    public double LeaseSeconds { get; set; } = 600;

    /// <summary>The labels that are accepted; empty: any.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>The definition, or null when there is at least one error.</summary>
    internal static (LabelQueueDefinition? Definition, IReadOnlyList<DefinitionError> Errors) Read(JsonElement document, string name)
    {
        List<DefinitionError> errors = [];
        var root = new Section(document, "$", errors);
        if (root.Text("name") is { } own && own != name)
        {
            root.Error("name", $"is '{own}', but the address says '{name}'");
        }

        if (name.Length is 0 or > 63 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-'))
        {
            root.Error("name", $"must be 1 to 63 of a-z, 0-9, '_' and '-', not '{name}'");
        }

        var definition = new LabelQueueDefinition
        {
            Endpoint = root.RequiredText("endpoint"),
            Strategy = root.OneOf("strategy", [.. LabelStrategy.All], LabelStrategy.LeastConfident),
            Budget = (int?)root.Integer("budget", 1, 10_000_000),
            Candidates = (int)(root.Integer("candidates", 10, 100_000) ?? 1000),
            Annotators = (int)(root.Integer("annotators", 1, 25) ?? 1),
            Agreement = (int)(root.Integer("agreement", 1, 25) ?? 1),
            RandomShare = root.Number("random_share", v => v is >= 0 and <= 1, "0 to 1") ?? 0.1,
            ExpiryHours = root.Number("expiry_hours", v => v is > 0 and <= 8760, "above 0 and at most 8,760") ?? 168,
            LeaseSeconds = root.Number("lease_seconds", v => v is >= 10 and <= 86_400, "10 to 86,400") ?? 600,
            Labels = root.Texts("labels") ?? [],
        };
        if (definition.Agreement > definition.Annotators)
        {
            root.Error("agreement", $"is {definition.Agreement}, more than the {definition.Annotators} annotators");
        }

        root.RefuseUnknown();
        return errors.Count == 0 ? (definition, errors) : (null, errors);
    }
}

/// <summary>What makes a prediction informative (Settles, "Active Learning Literature Survey", 2009).</summary>
public static class LabelStrategy
{
    /// <summary>1 − the largest probability.</summary>
    public const string LeastConfident = "least_confident";

    /// <summary>1 − the difference of the two largest probabilities.</summary>
    public const string Margin = "margin";

    /// <summary>Entropy of the probabilities, as share of the largest possible.</summary>
    public const string Entropy = "entropy";

    /// <summary>Vote entropy over the variants that predicted the same request: the live one and its shadows.</summary>
    public const string Committee = "committee";

    /// <summary>Entropy times the mean similarity to the other candidates.</summary>
    public const string Density = "density";

    public static IReadOnlyList<string> All { get; } = [LeastConfident, Margin, Entropy, Committee, Density];
}

/// <summary>A queue as the API shows it.</summary>
/// <param name="Counts">Items by state.</param>
/// <param name="Served">Items given out so far, each counted once.</param>
/// <param name="ServedAtRandom">Of these, items drawn by chance.</param>
public sealed record LabelQueueView(
    string Name, DateTimeOffset CreatedAt, LabelQueueDefinition Definition, int Served, int ServedAtRandom, IReadOnlyDictionary<string, int> Counts);

public sealed record LabelQueueList(IReadOnlyList<LabelQueueView> Queues);

/// <summary>A prediction to label.</summary>
/// <param name="Id">The prediction's id.</param>
/// <param name="AtRandom">Drawn by chance: only these give an unbiased estimate of quality.</param>
/// <param name="Answers">Labels so far by annotator; shown for conflicts only, so that nobody copies.</param>
public sealed record LabelItemView(
    string Id, string State, double Score, JsonElement Inputs, JsonElement? Probabilities, string? Predicted, bool? AtRandom, DateTimeOffset Time, JsonElement? Label,
    IReadOnlyDictionary<string, JsonElement>? Answers = null);

/// <param name="LeaseUntil">Until when they are held for the annotator; null where nothing is.</param>
public sealed record LabelItemList(IReadOnlyList<LabelItemView> Items, DateTimeOffset? LeaseUntil = null);

/// <param name="Count">Items wanted, 1 to 100.</param>
public sealed record NextRequest(string Annotator, int Count = 1);

/// <param name="Label">A string, a number or a boolean.</param>
public sealed record SubmitRequest(string Annotator, string Item, JsonElement Label);

public sealed record SkipRequest(string Annotator, string Item);

/// <summary>JSON of labels: snake_case, absent instead of null, unknown keys refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(LabelQueueDefinition))]
[JsonSerializable(typeof(LabelQueueView))]
[JsonSerializable(typeof(LabelQueueList))]
[JsonSerializable(typeof(LabelItemView))]
[JsonSerializable(typeof(LabelItemList))]
[JsonSerializable(typeof(NextRequest))]
[JsonSerializable(typeof(SubmitRequest))]
[JsonSerializable(typeof(SkipRequest))]
[JsonSerializable(typeof(double[]))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class LabelJson : JsonSerializerContext;
