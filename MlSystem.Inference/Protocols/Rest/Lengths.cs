using System.Globalization;

namespace MlSystem.Inference.Protocols.Rest;

/// <summary>Small lengths as texts that are made once: the answers of a model differ little in length.</summary>
internal static class Lengths
{
    private const int Kept = 4096;
    private static readonly string?[] Texts = new string?[Kept];

    public static string Text(int length) =>
        length < Kept ? Texts[length] ??= length.ToString(CultureInfo.InvariantCulture) : length.ToString(CultureInfo.InvariantCulture);
}
