namespace MlSystem.Inference.Protocols.Rest;

/// <summary>The endpoint and the version that a path names.</summary>
internal sealed record InferPath(string Model, string? Version)
{
    /// <summary>Null for any path but <c>/v2/models/{m}/infer</c> and <c>/v2/models/{m}/versions/{v}/infer</c> in just this spelling.</summary>
    public static InferPath? Parse(string path) => path.Split('/') switch
    {
        ["", "v2", "models", { Length: > 0 } model, "infer"] => new InferPath(model, null),
        ["", "v2", "models", { Length: > 0 } model, "versions", { Length: > 0 } version, "infer"] => new InferPath(model, version),
        _ => null,
    };
}
