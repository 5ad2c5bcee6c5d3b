using MlSystem.Registry.Mlflow;

namespace MlSystem.Registry.Webhooks;

/// <summary>MLflow's names of the events that a webhook can subscribe to.</summary>
internal static class WebhookEvents
{
    public const string ModelCreated = "registered_model.created";
    public const string VersionCreated = "model_version.created";
    public const string VersionTagSet = "model_version_tag.set";
    public const string VersionTagDeleted = "model_version_tag.deleted";
    public const string AliasCreated = "model_version_alias.created";
    public const string AliasDeleted = "model_version_alias.deleted";
    public const string PromptCreated = "prompt.created";
    public const string PromptVersionCreated = "prompt_version.created";
    public const string PromptTagSet = "prompt_tag.set";
    public const string PromptTagDeleted = "prompt_tag.deleted";
    public const string PromptVersionTagSet = "prompt_version_tag.set";
    public const string PromptVersionTagDeleted = "prompt_version_tag.deleted";
    public const string PromptAliasCreated = "prompt_alias.created";
    public const string PromptAliasDeleted = "prompt_alias.deleted";

    public static IReadOnlyList<string> All { get; } =
    [
        ModelCreated, VersionCreated, VersionTagSet, VersionTagDeleted, AliasCreated, AliasDeleted,
        PromptCreated, PromptVersionCreated, PromptTagSet, PromptTagDeleted, PromptVersionTagSet, PromptVersionTagDeleted, PromptAliasCreated, PromptAliasDeleted,
    ];

    public static string Checked(WebhookEventMessage message)
    {
        var name = $"{Require.Text(message.Entity, "events.entity")}.{Require.Text(message.Action, "events.action")}".ToLowerInvariant();
        return All.Contains(name) ? name : throw MlflowError.Invalid($"Unknown webhook event '{name}'; known are {string.Join(", ", All)}.");
    }

    public static WebhookEventMessage Message(string name) => name.Split('.') is [var entity, var action] ? new(entity.ToUpperInvariant(), action.ToUpperInvariant()) : new(name, null);

    /// <summary>Events as they are stored: names between commas, with one at each end.</summary>
    public static string Join(IEnumerable<string> names) => $",{string.Join(',', names.Distinct())},";

    public static IReadOnlyList<string> Split(string stored) => stored.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
