using System.Text;

namespace MlSystem.Training.Data;

/// <summary>CSV as RFC 4180 has it: commas, double quotes, quotes doubled inside quotes; lines end in LF or CRLF.</summary>
internal static class Csv
{
    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create(",\"\r\n");

    /// <summary>Records with the number of the line where each begins, from 1. A blank line is none.</summary>
    /// <exception cref="RowTableException">A quotation has no end, or text follows it.</exception>
    public static IEnumerable<(int Line, List<string> Fields)> Read(TextReader text)
    {
        var line = 0;
        while (text.ReadLine() is { } record)
        {
            var first = ++line;
            while (record.AsSpan().Count('"') % 2 == 1)
            {
                // A quoted field goes on in the next line.
                record += '\n' + (text.ReadLine() ?? throw new RowTableException(first, "a quotation has no end"));
                line++;
            }

            if (record.Length > 0)
            {
                yield return (first, Split(record, first));
            }
        }
    }

    public static void Write(TextWriter text, IEnumerable<string> fields)
    {
        var first = true;
        foreach (var field in fields)
        {
            if (!first)
            {
                text.Write(',');
            }

            first = false;
            text.Write(field.AsSpan().ContainsAny(Special) ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field);
        }

        text.Write('\n');
    }

    private static List<string> Split(string record, int line)
    {
        List<string> fields = [];
        for (var at = 0; ; at++)
        {
            if (at < record.Length && record[at] == '"')
            {
                fields.Add(Quoted(record, ref at, line));
            }
            else
            {
                var end = record.IndexOf(',', at);
                fields.Add(end < 0 ? record[at..] : record[at..end]);
                at = end < 0 ? record.Length : end;
            }

            if (at >= record.Length)
            {
                return fields;
            }
        }
    }

    /// <summary>Reads from the opening quote to behind the closing one.</summary>
    private static string Quoted(string record, ref int at, int line)
    {
        var field = new StringBuilder();
        for (at++; at < record.Length; at++)
        {
            if (record[at] != '"')
            {
                field.Append(record[at]);
            }
            else if (at + 1 < record.Length && record[at + 1] == '"')
            {
                field.Append(record[at++]);
            }
            else
            {
                at++;
                return at == record.Length || record[at] == ','
                    ? field.ToString()
                    : throw new RowTableException(line, "text follows a quotation");
            }
        }

        throw new RowTableException(line, "a quotation has no end");
    }
}
