using MlSystem.Inference.Routing;

namespace MlSystem.Inference.Policies;

/// <summary>Why a request got its variant: the <c>reason</c> of <c>mlsystem_variant_choices</c>.</summary>
public enum ChoiceReason
{
    /// <summary>The endpoint has one live variant; not counted, since every request of it is one.</summary>
    Only,

    /// <summary>Static: by weight.</summary>
    Weight,

    /// <summary>Sticky: by the caller's key.</summary>
    Sticky,

    /// <summary>Sticky: by weight, since the request has no key.</summary>
    NoKey,

    /// <summary>Sticky by an input: by weight, since the rows of the request have several keys.</summary>
    MixedKey,

    /// <summary>Bandit: a variant that is not the best so far.</summary>
    Explore,

    /// <summary>Bandit: the variant with the highest mean reward so far.</summary>
    Exploit,

    /// <summary>The request names the version.</summary>
    Version,
}

/// <summary>A chosen variant.</summary>
/// <param name="AwaitsInputs">Whether it stands in until the inputs are read and the policy can really choose.</param>
public readonly record struct Choice(RoutedVariant Variant, ChoiceReason Reason, bool AwaitsInputs = false);

/// <summary>Names of <see cref="ChoiceReason"/> in metrics and answers.</summary>
public static class ChoiceReasons
{
    private static readonly string[] Names = ["only", "weight", "sticky", "no_key", "mixed_key", "explore", "exploit", "version"];

    public static int Count => Names.Length;

    public static string Name(this ChoiceReason reason) => Names[(int)reason];
}
