using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MlSystem.Registry.Audit;

/// <summary>An entry of the audit before it has its place in the chain.</summary>
/// <param name="modelId">The registered model whose name stands for <c>{model}</c> in the resource; null when there is none.</param>
internal sealed class AuditDraft(string action, string resource, long? modelId = null)
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string Action { get; set; } = action;

    public string Resource { get; set; } = resource;

    public long? ModelId { get; } = modelId;

    /// <summary>The fields that changed, as they were; null for something new.</summary>
    public JsonObject? Before { get; set; }

    /// <summary>The fields that changed, as they are; null for something removed.</summary>
    public JsonObject? After { get; set; }

    public string Content() => new JsonObject { ["before"] = Before?.DeepClone(), ["after"] = After?.DeepClone() }.ToJsonString(Plain);
}
