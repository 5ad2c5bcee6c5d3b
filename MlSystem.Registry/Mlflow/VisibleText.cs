using System.Globalization;
using System.Text;

namespace MlSystem.Registry.Mlflow;

/// <summary>
/// Which characters names and paths may hold: every script, composed or not; but nothing that can't be seen or that turns its neighbours
/// around, since two names that look alike are taken for each other.
/// </summary>
internal static class VisibleText
{
    /// <summary>Letters, marks and selectors that are drawn as nothing (Unicode's Default_Ignorable_Code_Point where the category is no reason already).</summary>
    private static readonly (int First, int Last)[] Ignored =
        [(0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF)];

    /// <summary>Why characters are refused; null when they are fine.</summary>
    public static string? Problem(string text)
    {
        var before = UnicodeCategory.OtherNotAssigned;
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (rune == Rune.ReplacementChar)
            {
                return "it must be valid Unicode (an unpaired surrogate, or U+FFFD in the place of one)";
            }

            if (IsInvisible(rune, category, before))
            {
                return string.Create(CultureInfo.InvariantCulture, $"it must not contain control, invisible, direction-changing or private characters (U+{rune.Value:X4})");
            }

            if (IsMark(category) && !Carries(before) && !IsPresentation(rune))
            {
                return string.Create(CultureInfo.InvariantCulture, $"a combining mark must follow a letter or digit (U+{rune.Value:X4})");
            }

            before = category;
        }

        return null;
    }

    private static bool IsInvisible(Rune rune, UnicodeCategory category, UnicodeCategory before) =>
        category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || IsNoncharacter(rune)
        || (Array.Exists(Ignored, range => rune.Value >= range.First && rune.Value <= range.Last) && !(IsPresentation(rune) && before is UnicodeCategory.OtherSymbol));

    /// <summary>Says whether the symbol before is drawn as text or as emoji.</summary>
    private static bool IsPresentation(Rune rune) => rune.Value is 0xFE0E or 0xFE0F;

    private static bool IsNoncharacter(Rune rune) => (rune.Value & 0xFFFE) == 0xFFFE || rune.Value is >= 0xFDD0 and <= 0xFDEF;

    private static bool IsMark(UnicodeCategory category) => category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private static bool Carries(UnicodeCategory category) =>
        IsMark(category) || category is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber;
}
