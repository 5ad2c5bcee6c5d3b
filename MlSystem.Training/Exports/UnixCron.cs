using System.Globalization;
using System.Text.RegularExpressions;

namespace MlSystem.Training.Exports;

/// <summary>Translates cron expressions between Quartz's form, Unix's five fields and Kubeflow's six, which begin with seconds.</summary>
internal static partial class UnixCron
{
    private const int UnixFields = 5;
    private const int DaysOfWeek = 7;

    /// <summary>The last values of minute, hour, day and month: where Quartz's open steps end.</summary>
    private static readonly int[] Last = [59, 23, 31, 12];

    /// <summary>The expression in five fields; null when Unix has no form for it (seconds, years, the last or nearest day).</summary>
    public static string? Of(string cron)
    {
        var fields = cron.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == UnixFields)
        {
            return string.Join(' ', fields);
        }

        var (second, year) = (fields[0], fields.Length > UnixFields + 1 ? fields[^1] : "*");
        var isPlain = second == "0" && year == "*" && fields[3].IndexOfAny(['L', 'W']) < 0 && fields[5].IndexOfAny(['L', '#', '/']) < 0;
        return isPlain ? string.Join(' ', Last.Select((last, i) => Closed(fields[i + 1], last)).Append(Weekday(fields[5]))) : null;
    }

    /// <summary>The expression with seconds in front, as Kubeflow's recurring runs take it.</summary>
    public static string? WithSeconds(string cron) => Of(cron) is { } unix ? $"0 {unix}" : null;

    /// <summary>Quartz lets a step begin at a number and go on to the field's end; Unix wants the range.</summary>
    private static string Closed(string field, int last) => string.Join(',', field.Replace('?', '*').Split(',')
        .Select(part => OpenStep.Replace(part, string.Create(CultureInfo.InvariantCulture, $"${{from}}-{last}/"))));

    /// <summary>Quartz counts Sunday as 1, Unix as 0; names mean the same.</summary>
    private static string Weekday(string field) => field == "?" ? "*" : Number.Replace(field, m => Shift(m.Value));

    private static string Shift(string number) =>
        ((int.Parse(number, CultureInfo.InvariantCulture) + DaysOfWeek - 1) % DaysOfWeek).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("[0-9]+", RegexOptions.None, 1000)]
    private static partial Regex Number { get; }

    [GeneratedRegex("^(?<from>[0-9]+)/", RegexOptions.None, 1000)]
    private static partial Regex OpenStep { get; }
}
