using System.Globalization;
using System.Text;

namespace MlSystem.Training.Exports;

/// <summary>Values as Python writes them, in ASCII.</summary>
internal static class PythonText
{
    public static string Of(string? text)
    {
        if (text is null)
        {
            return "None";
        }

        var written = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => written.Append("\\\""),
                '\\' => written.Append("\\\\"),
                '\n' => written.Append("\\n"),
                >= 32 and < 127 => written.Append((char)rune.Value),
                _ => written.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }

        return written.Append('"').ToString();
    }

    public static string Of(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Of))}]";

    public static string Of(IEnumerable<KeyValuePair<string, string>> map) => $"{{{string.Join(", ", map.Select(e => $"{Of(e.Key)}: {Of(e.Value)}"))}}}";

    public static string Of(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"datetime.timedelta(seconds={time.TotalSeconds:0.###})");
}
