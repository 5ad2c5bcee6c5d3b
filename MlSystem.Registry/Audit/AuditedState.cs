using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Which rows are audited state, what they are called in the audit, and what of them it keeps.</summary>
internal static class AuditedState
{
    /// <summary>Stands for the registered model's name until it is known.</summary>
    public const string ModelName = "{model}";

    /// <summary>Tables whose changes by a statement (not through the change tracker) must be recorded by who makes them.</summary>
    public static readonly IReadOnlySet<string> Tables = new HashSet<string>(StringComparer.Ordinal)
    {
        "experiments", "experiment_tags", "runs", "run_tags", "registered_models", "registered_model_tags", "model_versions", "model_version_tags",
        "model_aliases", "endpoints", "endpoint_revisions", "logged_models", "logged_model_tags", "webhooks", "artifacts", "promotions", "promotion_comments",
    };

    /// <summary>Times of no interest, bookkeeping, and texts that are too long or secret; the version's manifest has its signature and lineage.</summary>
    private static readonly HashSet<string> Left =
        ["LastUpdatedTime", "LastUpdateTime", "UpdatedAt", "ValidationClaimedUntil", "LastVersion", "Signature", "ManifestSignature", "Lineage", "Secret", "DeletedTime"];

    /// <summary>The draft for a row, or null when it is not audited by itself.</summary>
    public static AuditDraft? Draft(object row) => row switch
    {
        Experiment e => new("experiment", $"experiments/{Text(e.ExperimentId)}"),
        Run r => new("run", $"runs/{r.RunId}"),
        RegisteredModel m => new("model", $"models/{ModelName}", m.ModelId),
        ModelVersion v => new("model_version", $"models/{ModelName}/versions/{Text(v.Version)}", v.ModelId),
        ModelAlias a => new("alias", $"models/{ModelName}/aliases/{a.Alias}", a.ModelId),
        EndpointRevision r => new("endpoint", $"endpoints/{r.Name}"),
        LoggedModel m => new("logged_model", $"logged-models/{m.ModelId}"),
        Promotion p => new("promotion", $"promotions/{p.PromotionId}"),
        PromotionComment c => new("promotion_comment", $"promotions/{c.PromotionId}/comments/{Text(c.Number)}"),
        Webhook w => new("webhook", $"webhooks/{w.WebhookId}"),
        ArtifactEntry { IsDirectory: false } a => new("artifact", $"artifacts/{a.Path}"),
        _ => null,
    };

    /// <summary>What a tag's row belongs to, or null when it is no tag.</summary>
    public static AuditDraft? TagOwner(object row) => row switch
    {
        ExperimentTag t => new("experiment.tags_set", $"experiments/{Text(t.ExperimentId)}"),
        RunTag t => new("run.tags_set", $"runs/{t.RunId}"),
        RegisteredModelTag t => new("model.tags_set", $"models/{ModelName}", t.ModelId),
        ModelVersionTag t => new("model_version.tags_set", $"models/{ModelName}/versions/{Text(t.Version)}", t.ModelId),
        LoggedModelTag t => new("logged_model.tags_set", $"logged-models/{t.ModelId}"),
        _ => null,
    };

    public static JsonObject Values(PropertyValues values, IEnumerable<string>? only = null)
    {
        var json = new JsonObject();
        foreach (var property in values.Properties.Where(p => !Left.Contains(p.Name) && (only is null || only.Contains(p.Name))))
        {
            json[JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)] = Node(property.Name, values[property]);
        }

        return json;
    }

    public static List<string> Changed(EntityEntry entry) =>
        [.. entry.Properties.Where(p => p.IsModified && !Left.Contains(p.Metadata.Name) && !Equals(p.OriginalValue, p.CurrentValue)).Select(p => p.Metadata.Name)];

    /// <summary>A changed secret leaves a trace, not its value.</summary>
    public static bool SecretChanged(EntityEntry entry) => entry.Properties.Any(p => p is { IsModified: true, Metadata.Name: "Secret" } && !Equals(p.OriginalValue, p.CurrentValue));

    private static JsonNode? Node(string name, object? value) => value switch
    {
        null => null,
        string text when name == nameof(EndpointRevision.State) && text.StartsWith('{') => JsonNode.Parse(text),
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        double number => number,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
