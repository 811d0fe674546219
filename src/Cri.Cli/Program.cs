Console.WriteLine("crispd");
